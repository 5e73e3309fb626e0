import Access
import Audit
import Foundation
import Kernel
import Testing

@testable import Web

@Suite struct `The page of backups` {
    private static let now = SampleWorld.now
    private static let path = "/settings/backups"

    /// Marta, who administers, before backups as a test has them.
    private func marta(_ change: @escaping @Sendable (inout BackupsOverview) -> Void) async throws -> (Browser, SampleWorld) {
        let world = try SampleWorld.furnished()
        try await world.person("marta@example.com")
        var services = world.services
        var overview = BackupsOverview(data: "/srv/my data", every: 86_400_000, keep: 7 * 86_400_000, weeks: 8)
        overview.folder = "/backups"
        overview.next = Self.now + 3_600_000
        change(&overview)
        let shown = overview
        services.backups = BackupServices(overview: { shown }, begin: {})
        let browser = Browser(Console(services: services, resources: try Resources(folder: SampleWorld.resources)))
        _ = await browser.signIn()
        return (browser, world)
    }

    private static func item(_ name: String, _ result: String?, _ wrong: [String] = [], isOurs: Bool = true) -> BackupsOverview.Item {
        BackupsOverview.Item(
            name: name, path: "/backups/" + name, madeAt: now + -86_400_000, bytes: 3_600_000, version: "1.2.3", isOurs: isOurs,
            check: result.map {
                .init(at: now, result: $0, isSound: $0 == "sound", wrong: wrong, bodies: 4, interactions: 5, customers: 1_234)
            })
    }

    @Test func `says what is scheduled, what there is, and how to restore the newest sound one`() async throws {
        let (browser, _) = try await marta {
            $0.items = [
                Self.item("new", "damaged", ["2 bodies <b>gone</b>."]), Self.item("fine", "sound"), Self.item("fresh", nil),
                Self.item("hand", "untested", isOurs: false),
            ]
        }
        let html = await browser.get(Self.path).text
        #expect(html.contains("One every day, into <code>/backups</code>. Each is kept for 7 days, and the newest of each week for 8 weeks more."))
        #expect(html.contains("2 bodies &lt;b&gt;gone&lt;/b&gt;.") && html.contains("is-bad\">damaged"))
        #expect(html.contains("1,234") && html.contains("3.4 MB"))
        #expect(html.components(separatedBy: "is-warn\">not tested").count == 3)
        #expect(html.contains("Not made here: the schedule leaves it alone."))
        #expect(html.contains("sightline restore /backups/fine --data &#39;/srv/my data&#39; --keep-replaced"))
        #expect(html.contains("The next is due 19 Nov 2026") && !html.contains("every 2s"))
    }

    @Test func `begins one when it is told to, and the log says who`() async throws {
        let (browser, world) = try await marta { _ in }
        #expect((await browser.get(Self.path).text).contains("No backup yet"))
        let answer = await browser.post(Self.path, from: Self.path)
        #expect(answer.status == 303 && answer.header("location") == Self.path)
        let entry = try #require(try world.house.audit.entries(limit: 1).first)
        #expect(entry.action == .backup && entry.name == "Marta Lindqvist" && entry.detail == "begun by hand")
    }

    @Test func `shows how far the one is that is being made, and offers no other meanwhile`() async throws {
        for (phase, words) in [("copying", "1.5 KB of 3 KB"), ("testing", "1,536 of 3,072 bodies")] {
            let (browser, _) = try await marta { $0.running = .init(since: Self.now, phase: phase, done: 1536, total: 3072) }
            let html = await browser.get(Self.path).text
            #expect(html.contains("<progress value=\"1536\" max=\"3072\"") && html.contains(words) && html.contains("every 2s"))
            #expect(!html.contains("Make one now"))
        }
    }

    @Test func `says what went wrong, and what to set when none are made`() async throws {
        let (failing, _) = try await marta { $0.failure = .init(at: Self.now + -60_000, reason: "No space left on device.") }
        #expect((await failing.get(Self.path).text).contains("<b>Failed 1 min ago.</b> No space left on device."))
        let (none, _) = try await marta { $0.folder = nil }
        let html = await none.get(Self.path).text
        #expect(html.contains("backup-folder: /backups") && !html.contains("Make one now") && html.contains("sightline restore BACKUP"))
    }

    @Test func `is for administrators alone`() async throws {
        let world = try SampleWorld.furnished()
        try await world.person("marta@example.com")
        try await world.person("analyst@example.com")
        let browser = Browser(try world.console())
        _ = await browser.signIn("analyst@example.com")
        #expect(await browser.get(Self.path).status == 403)
        #expect(!(await browser.get("/settings/people").text).contains(Self.path))
    }
}
