import Access
import Definitions
import Kernel
import Testing

@testable import Web

extension TestServer {
    private static let password = "correct horse battery"

    /// A browser signed in with a role, on pages of the server's own services.
    /// - Parameter definitions: Others than those of the server.
    func browser(_ role: Role = .lead, definitions: DefinitionBook? = nil) async throws -> Browser {
        let staff = services.staff
        if staff.isEmpty {
            let link = try #require(try staff.firstLink())
            _ = try await staff.accept(link.secret, name: "The first", email: "first@example.com", password: Self.password)
        }
        let email = "\(role.rawValue)@example.com"
        _ = try await staff.accept(try staff.invite(email: email, role: role).secret, name: "Somebody", password: Self.password)
        let randomness = Randomness { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }
        var console = ConsoleServices(
            services, workspace: { Workspace(name: "Test", timeZone: "UTC") }, randomness: randomness, logger: TestServer.quiet)
        if let definitions { console.definitions = definitions }
        let browser = Browser(Console(services: console, resources: try Resources(folder: SampleWorld.resources)))
        _ = await browser.signIn(email, password: Self.password)
        return browser
    }
}
