import Synchronization

/// Where a browser on this machine finds the pages of a server that listens.
///
/// Behind a proxy people use the proxy's address instead, which nothing here can know.
final class PageAddress: Sendable {
    private let settings: Settings
    private let port = Mutex<Int?>(nil)

    /// - Parameter settings: Those of the server itself.
    init(_ settings: Settings) { self.settings = settings }

    /// Says at which port the server listens; nil for a socket, which no browser reaches.
    func listening(at port: Int?) {
        if let port { self.port.withLock { $0 = port } }
    }

    /// `http://127.0.0.1:8080`, without a slash at the end; nil before the server listens.
    /// - Parameter workspace: The host of a workspace; nil for the main one.
    func of(_ workspace: String?) -> String? { port.withLock { $0 }.map { Self.text(workspace, port: $0, settings) } }

    /// The address at a port.
    static func text(_ workspace: String?, port: Int, _ settings: Settings) -> String {
        let host = settings[Known.host]
        // The address it listens at is no host of the main workspace when that has names of its own.
        let name = workspace ?? settings[Known.mainHosts]?.first ?? (host.contains(":") ? "[\(host)]" : host)
        return "http\(settings[Known.certificate] == nil ? "" : "s")://\(name):\(port)"
    }
}
