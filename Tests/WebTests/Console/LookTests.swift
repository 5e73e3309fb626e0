import Customers
import Foundation
import Kernel
import Ledger
import Synchronization
import Testing

@testable import Web

/// Writes the pages to a folder, for eyes: set SIGHTLINE_TEST_LOOK to the folder and open them in a browser.
@Suite struct `The pages for eyes` {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SIGHTLINE_TEST_LOOK"] != nil))
    func `every page is written to a folder`() async throws {
        let folder = URL(fileURLWithPath: ProcessInfo.processInfo.environment["SIGHTLINE_TEST_LOOK"] ?? "/tmp")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let world = try SampleWorld.furnished()
        try await world.person("marta@example.com")
        let browser = Browser(try world.console())
        func save(_ name: String, _ answer: PageAnswer) throws {
            // Files are opened without a server, so addresses lose their leading slash.
            let html = answer.text.replacingOccurrences(of: "/static/", with: "static/").replacingOccurrences(
                of: "(\\.(css|js|svg))\\?v=[0-9a-f]+", with: "$1", options: .regularExpression)
            try html.write(to: folder.appendingPathComponent(name + ".html"), atomically: true, encoding: .utf8)
        }
        try save("signin", await browser.get("/signin"))
        try save("signin-wrong", await browser.signIn(password: "wrong password"))
        try save("problem-alone", await browser.get("/now/stream"))
        _ = await browser.signIn()
        for (name, address) in [
            ("customers", "/customers"), ("search", "/customers?search=smith"), ("nobody", "/customers?search=harbor%20lane"),
            ("nora", "/customers/cus_0000001"),
            ("nora-filtered", "/customers/cus_0000001?channel=email&direction=in&from=2026-11-01#timeline"),
            ("earlier", "/customers/cus_0000001?cursor=60"),
            ("anneliese", "/customers/cus_0000002"), ("rtl", "/customers/cus_0000003"), ("emoji", "/customers/cus_0000004"),
            ("empty", "/customers/cus_0000005"),
            ("visitor", "/customers/cus_0000006"), ("reviews", "/reviews"), ("now", "/now"),
            ("merge-find", "/customers/cus_0000007/merge?search=smith"),
            ("merge", "/customers/cus_0000007/merge?with=cus_0000008"), ("undo", "/customers/cus_0000001/merges/12/undo"),
            ("missing", "/customers/cus_zzzzzzz"),
        ] {
            try save(name, await browser.get(address))
        }
        let order = world.history(.init(raw: 1), .init(), nil, 100).items.first { $0.interaction.name == "Order Completed" }
        try save("interaction", await browser.get("/customers/cus_0000001/interactions/\(order?.interaction.position.raw ?? 0)"))
        _ = await browser.post(
            "/reviews/31", [("decision", "same"), ("customer", "cus_0000007"), ("a", "Jon Smith"), ("b", "John Smith")], from: "/reviews")
        try save("decided", await browser.get("/reviews"))
        let target = folder.appendingPathComponent("static")
        try? FileManager.default.removeItem(at: target)
        try FileManager.default.copyItem(atPath: SampleWorld.resources + "/static", toPath: target.path)
        let sheet = try #require(try Resources(folder: SampleWorld.resources).files[Resources.styleSheet])
        try Data(sheet.bytes).write(to: target.appendingPathComponent(Resources.styleSheet))
        #expect(world.state.withLock { $0.failures } == [])
    }
}
