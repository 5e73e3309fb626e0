import Web

/// The path of a folder's socket in a form that fits into a socket address, whatever its length.
///
/// Client and server name long paths in the same way: see ``SocketPath``.
final class ReachablePath: Sendable {
    private let path: SocketPath
    var text: String { path.text }

    init(_ path: String) throws(ServerProblem) { self.path = try SocketPath(path) }
}
