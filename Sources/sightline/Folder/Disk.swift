import CSodium
import Foundation

/// Size and checksum of a file.
struct FileSum: Equatable {
    var bytes: Int
    var checksum: String

    /// Reads a file, and writes it elsewhere on the way when `copy` is given.
    /// - Parameters:
    ///   - copy: A path where no file may be; synced before this returns.
    ///   - sync: Whether the file read is synced too.
    static func of(_ path: String, copy: String? = nil, sync: Bool = false) throws(BackupProblem) -> FileSum {
        // Nothing ends the reading early, so the only errors are our own.
        do {
            return try of(path, copy: copy, sync: sync) {}
        } catch let problem as BackupProblem {
            throw problem
        } catch {
            throw .system("\(path) cannot be read", EIO)
        }
    }

    /// - Parameter goOn: Called for each megabyte; what it throws ends the reading.
    static func of(_ path: String, copy: String? = nil, sync: Bool = false, goOn: () throws -> Void) throws -> FileSum {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw BackupProblem.system("\(path) cannot be read", errno) }
        defer { close(source) }
        var target: Int32 = -1
        if let copy {
            target = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard target >= 0 else { throw BackupProblem.system("\(copy) cannot be written", errno) }
        }
        defer { if target >= 0 { close(target) } }
        // libsodium's state must stand on a multiple of 64 bytes.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: crypto_generichash_statebytes(), alignment: 64)
        defer { memory.deallocate() }
        let state = OpaquePointer(memory)
        crypto_generichash_init(state, nil, 0, 32)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { chunk.deallocate() }
        var total = 0
        while true {
            try goOn()
            let count = read(source, chunk.baseAddress, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw BackupProblem.system("\(path) cannot be read", errno) }
            if count == 0 { break }
            total += count
            crypto_generichash_update(state, chunk.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(count))
            if target >= 0 { try write(chunk.baseAddress, count, to: target, copy ?? "") }
        }
        if target >= 0, fsync(target) != 0 { throw BackupProblem.system("\(copy ?? "") cannot be written", errno) }
        if sync, fsync(source) != 0 { throw BackupProblem.system("\(path) cannot be written", errno) }
        var digest = [UInt8](repeating: 0, count: 32)
        crypto_generichash_final(state, &digest, digest.count)
        return FileSum(bytes: total, checksum: digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }

    private static func write(_ bytes: UnsafeMutableRawPointer?, _ count: Int, to descriptor: Int32, _ path: String) throws(BackupProblem) {
        var done = 0
        while done < count {
            let written = Foundation.write(descriptor, bytes?.advanced(by: done), count - done)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .system("\(path) cannot be written", errno) }
            done += written
        }
    }
}

/// Files that are there after a power cut.
enum Disk {
    /// Writes a new file beside, syncs it, and puts it in its place.
    static func write(_ bytes: [UInt8], to path: String) throws(BackupProblem) {
        let beside = path + ".new"
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("\(path) cannot be written", errno) }
        let whole = Foundation.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        guard whole else { throw .system("\(path) cannot be written", code) }
        guard rename(beside, path) == 0 else { throw .system("\(path) cannot be written", errno) }
    }

    /// Makes names that were added, moved or removed in a folder last.
    static func sync(folder: String) throws(BackupProblem) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("\(folder) cannot be opened", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("\(folder) cannot be written", errno) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
