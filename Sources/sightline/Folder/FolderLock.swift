import Foundation
import Synchronization

/// The right to have a data folder open: one process at a time.
///
/// An advisory lock (flock) on `lock`, which the system takes back however the process ends. The file holds the number of
/// the process, so that the next one can say who has the folder; it is never removed, as a removed file can be locked twice.
final class FolderLock: Sendable {
    let folder: DataFolder
    private let descriptor: Mutex<Int32?>

    /// - Throws: ``FolderProblem/inUse(path:pid:)`` when another process, or another lock of this one, has it.
    init(_ folder: DataFolder) throws(FolderProblem) {
        self.folder = folder
        // O_CLOEXEC: a process that takes our place (after a restoration) locks for itself.
        let made = open(folder.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard made >= 0 else { throw .system("The data folder \(folder.path) cannot be locked", errno) }
        guard flock(made, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            let pid = Self.pid(made)
            close(made)
            throw number == EWOULDBLOCK ? .inUse(path: folder.path, pid: pid) : .system("The data folder \(folder.path) cannot be locked", number)
        }
        let text = Array("\(getpid())\n".utf8)
        // The number is for messages only: a disk that is full is no reason to refuse to open.
        if ftruncate(made, 0) == 0 { _ = pwrite(made, text, text.count, 0) }
        descriptor = Mutex(made)
    }

    /// The lock, or nil when somebody else has it.
    static func ifFree(_ folder: DataFolder) throws -> FolderLock? {
        do {
            return try FolderLock(folder)
        } catch {
            if case .inUse = error { return nil }
            throw error
        }
    }

    deinit { release() }

    /// Lets others have the folder. Again does nothing.
    func release() {
        descriptor.withLock { descriptor in
            if let open = descriptor { close(open) }
            descriptor = nil
        }
    }

    private static func pid(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 24)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? Int(String(decoding: bytes[..<count], as: UTF8.self).trimmed) : nil
    }
}
