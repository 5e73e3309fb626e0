import Foundation
import Glibc

/// Somebody with an account and a browser, signed in.
struct Colleague: Sendable {
    static let password = "correct horse battery"
    /// Of the form's own making: it has to agree with the cookie beside it, and nothing else.
    private static let form = String(repeating: "0", count: 52)

    let email: String
    /// The value of the session's cookie.
    private let session: String

    /// Invites an administrator, who comes in by the link.
    init(_ server: BenchServer) throws {
        email = "bench-\(getpid())@mail.example"
        let link = try server.command(["person", "invite", email, "--role", "administrator"])
        guard let path = link.range(of: "/link/").map({ String(link[$0.lowerBound...]) }),
            let connection = Connection(port: server.port),
            let answer = connection.exchange(Self.post(path, "email=\(email)&name=Bench&password=\(Self.password)")),
            answer.status == 303, let mark = answer.head.range(of: "sightline=")
        else { throw CocoaError(.userCancelled) }
        session = String(answer.head[mark.upperBound...].prefix { $0 != ";" })
    }

    /// A request for a page, as their browser sends it.
    func get(_ path: String) -> [UInt8] {
        Array("GET \(path) HTTP/1.1\r\nHost: bench\r\nCookie: sightline=\(session)\r\n\r\n".utf8)
    }

    /// A request that signs them in once more.
    func signIn() -> [UInt8] { Self.post("/signin", "email=\(email)&password=\(Self.password)") }

    private static func post(_ path: String, _ fields: String) -> [UInt8] {
        let body = "form=\(form)&" + fields.replacingOccurrences(of: " ", with: "+").replacingOccurrences(of: "@", with: "%40")
        return Array(
            "POST \(path) HTTP/1.1\r\nHost: bench\r\nOrigin: http://bench\r\nCookie: sightline-signin=\(form)\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                .utf8)
    }
}
