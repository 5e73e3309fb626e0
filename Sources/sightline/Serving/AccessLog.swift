import Foundation
import Synchronization

/// Writes the lines of the access log.
///
/// Each line is one `write` at the file's end, so that lines of several threads never mix, and a file that is emptied in its
/// place (as logrotate's copytruncate does) goes on from its beginning. A line that cannot be written is left out: a full disk is
/// no reason to refuse a request.
final class AccessLog: Sendable {
    private let descriptor: Int32
    private let isOurs: Bool

    /// - Throws: ``CommandProblem/file(path:reason:)`` when the file cannot be opened.
    init(_ target: AccessLogTarget) throws {
        switch target {
        case .standardOutput:
            descriptor = STDOUT_FILENO
            isOurs = false
        case .file(let path):
            descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            isOurs = true
            guard descriptor >= 0 else {
                throw CommandProblem.file(path: path, reason: "the access log cannot be opened: \(String(cString: strerror(errno))).")
            }
        }
    }

    deinit { if isOurs { close(descriptor) } }

    func write(_ line: [UInt8]) { _ = Foundation.write(descriptor, line, line.count) }
}
