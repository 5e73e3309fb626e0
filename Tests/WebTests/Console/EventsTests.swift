import Audiences
import Definitions
import Formula
import Foundation
import Rendering
import Testing

@testable import Web

@Suite struct `The vocabulary's pages` {
    @Test(arguments: [
        ("Order Completed", "order_completed"), ("Sofa: tested!", "sofa_tested"), ("2nd visit", "event_2nd_visit"), ("購入", "event"),
        ("__", "event"), (String(repeating: "long ", count: 60), String((0..<10).map { _ in "long_" }.joined())),
    ]) func `a name gets a key of letters, digits and underscores`(name: String, key: String) {
        #expect(Console.key(for: name, taken: []) == key)
    }

    @Test func `a key that is taken gets a number`() {
        #expect(Console.key(for: "Order Completed", taken: ["order_completed"]) == "order_completed_2")
        #expect(Console.key(for: "Order Completed", taken: ["order_completed", "order_completed_2"]) == "order_completed_3")
    }

    /// Names and paths that would be something else in YAML.
    @Test(arguments: ["Order Completed", "yes: no", "- x", "'\"#", "購入 #1", "null"]) func `the document that adopting writes says what was found`(
        name: String
    ) throws {
        let guesses: [PropertyFit.Guess] = [
            .init(path: "total", type: .number, count: 3), .init(path: "products[].sku", type: .text, count: 3),
            .init(path: "a.\"odd: name\"", type: .flag, count: 1), .init(path: "tags", type: .texts, count: 1),
            .init(path: "on", type: .date, count: 1),
        ]
        let text = Console.document(for: name, key: "k", guesses)
        let findings = Findings()
        let blueprint = Blueprint(files: [(name: "event.yaml", bytes: Array(text.utf8))], findings)
        #expect(findings.isEmpty, "\(text)\n\(findings.all)")
        let document = try #require(blueprint.documents.first)
        let found = document.read(EventDefinition.self, findings)
        #expect(findings.isEmpty, "\(text)\n\(findings.all)")
        #expect(found.name == name && found.value == "total" && "\(document.id)" == "event/k")
        #expect(Dictionary(found.properties.map { ($0.path, $0.type) }) { a, _ in a } == Dictionary(guesses.map { ($0.path, $0.type) }) { a, _ in a })
    }

    @Test func `an event of which nothing is known has a document all the same`() throws {
        let text = Console.document(for: "Sofa Tested", key: "sofa_tested", [])
        let findings = Findings()
        let document = try #require(Blueprint(files: [(name: "event.yaml", bytes: Array(text.utf8))], findings).documents.first)
        _ = document.read(EventDefinition.self, findings)
        #expect(findings.isEmpty)
    }

    @Test func `a property that means nothing special does not mean what the event means, and a life event says so`() throws {
        let templates = try Resources(folder: SampleWorld.resources).templates
        let html = try templates.filled(
            "event-page",
            with: [
                "name": "Address Changed", "meaning": "They have moved.", "lifeEvent": "Moved house", "isKnown": true, "hasProperties": true,
                "properties": [["path": "new_city", "type": "text", "share": "100%"] as Fields],
            ])
        #expect(html.contains("new_city") && html.matches(of: /They have moved\./).count == 1)
        #expect(html.contains("<a href=\"/lifecycle\">life event</a>: <bdi>Moved house</bdi>"))
    }

    @Test func `whoever may not define sees no button, and a name that nothing has is nowhere`() async throws {
        let world = try SampleWorld.furnished()
        try await world.person("analyst@example.com")
        let browser = Browser(try world.console())
        _ = await browser.signIn("analyst@example.com")
        let page = await browser.get("/events/Order%20Completed")
        #expect(page.status == 200 && page.text.contains("Not in the vocabulary") && !page.text.contains(">Adopt<"))
        #expect(await browser.get("/events/Nothing%20Like%20It").status == 404)
        #expect(await browser.get("/events/Stage%20Changed").text.contains("it needs no definition"))
    }
}
