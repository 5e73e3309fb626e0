import Foundation

/// Tells the service manager how far the server is, when one asked to be told (sd_notify(3)).
///
/// A datagram to the Unix socket that `NOTIFY_SOCKET` names; a name that begins with `@` is an abstract one. Nobody answers, and
/// a manager that does not listen is no reason to stop.
enum ServiceManager {
    /// It answers from now on; where, for `systemctl status`.
    static func ready(at address: String) { tell("READY=1\nSTATUS=Serves at \(address)") }
    /// It ends in peace.
    static func stopping() { tell("STOPPING=1") }

    private static func tell(_ words: String) {
        guard let name = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"], name.hasPrefix("/") || name.hasPrefix("@") else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(name.utf8)
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        // A path has a zero behind it, an abstract name is as long as it is.
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + path.count + (path[0] == 0 ? 0 : 1) } ?? 0
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(words.utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, socklen_t(length))
            }
        }
    }
}
