import Glibc

/// The path of a Unix socket, in a form that fits into a socket address.
///
/// The address has room for 107 bytes (unix(7), `sun_path`). For a longer path this opens the folder and names it
/// `/proc/self/fd/N/NAME`, which leads to the same place for as long as this value lives. Servers and clients may both use it.
package final class SocketPath: Sendable {
    package static let longest = 103
    /// What to bind or connect to.
    package let text: String
    /// `O_PATH` of open(2), which the C library's overlay leaves out: a folder that can be passed through and not read.
    private static let openPath: Int32 = 0o10_000_000
    private let path: String
    private let folder: Int32?

    /// - Throws: ``ServerProblem/noFolder(_:)`` when the folder of a long path cannot be opened.
    package init(_ path: String) throws(ServerProblem) {
        self.path = path
        guard path.utf8.count > Self.longest else {
            text = path
            folder = nil
            return
        }
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let descriptor = open(directory, Self.openPath | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0, name.utf8.count < 64 else { throw .noFolder(directory) }
        folder = descriptor
        text = "/proc/self/fd/\(descriptor)/\(name)"
    }

    deinit { if let folder { _ = close(folder) } }

    /// Takes the socket away from everybody but the owner. The data folder keeps others out before that.
    package func restrict() { _ = chmod(path, 0o600) }
}

/// The number of files and connections the process may have open.
enum OpenFiles {
    /// Raises the limit as far as the system lets us, and says what it is now.
    ///
    /// Running out of descriptors while accepting a connection would end the listener, so the server accepts fewer than this.
    static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }
}

/// Where a server is to listen.
package enum ListenAddress {
    /// Listens at the address for a moment, to know that it can be done before anything else is begun.
    /// - Throws: ``ServerProblem`` when it cannot.
    package static func check(host: String, port: Int) throws(ServerProblem) {
        let name = "\(host):\(port)"
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else { throw .noAddress(name) }
        defer { freeaddrinfo(found) }
        let descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), first.pointee.ai_protocol)
        guard descriptor >= 0 else { throw ServerProblem(errno: errno, at: name) }
        defer { close(descriptor) }
        // As the server does: an address whose last connections are still being wound up is free.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0, listen(descriptor, 1) == 0 else {
            throw ServerProblem(errno: errno, at: name)
        }
    }
}

/// Why the server does not listen. Facts; none gets better by trying again at once.
package enum ServerProblem: Error, Equatable {
    /// Somebody else listens there.
    case addressInUse(String)
    /// The system does not let this user listen there (ports below 1024).
    case notAllowed(String)
    /// This machine has no such address.
    case noAddress(String)
    /// The folder of the socket cannot be opened.
    case noFolder(String)
    /// Anything else: where, and the system's error number.
    case system(String, errno: Int32)

    init(errno code: Int32, at address: String) {
        switch code {
        case EADDRINUSE: self = .addressInUse(address)
        case EACCES, EPERM: self = .notAllowed(address)
        case EADDRNOTAVAIL: self = .noAddress(address)
        default: self = .system(address, errno: code)
        }
    }
}
