import Demo
import Foundation
import Kernel
import Simdjson

/// Fills a data folder with the invented company through the API, and lets it live on.
///
/// The moment that history ends stands in the folder's `demo.json`: a demonstration that was stopped is the same world when it
/// starts again, and filling a folder a second time adds nothing. A folder with other data is left alone.
struct Demonstration: Sendable {
    let client: FolderClient
    /// Takes what is told of its progress, a sentence at a time.
    let say: @Sendable (String) -> Void
    var customers = 20_000
    var seed: UInt64 = 2291
    var clock = SystemClock.clock

    /// The name of the write key by which the interactions are known.
    static let source = "demo"

    private struct Record {
        var end: Instant
        var customers: Int
        var seed: UInt64
        var isFilled: Bool

        init(end: Instant, customers: Int, seed: UInt64) {
            self.end = end
            self.customers = customers
            self.seed = seed
            isFilled = false
        }

        init?(_ path: String) {
            guard let bytes = FileManager.default.contents(atPath: path), let json = try? JSONParser().parse(Array(bytes), { $0.toJSON() }),
                let end = json["end"]?.string.flatMap({ Instant($0) }), let customers = json["customers"]?.integer, let seed = json["seed"]?.integer
            else { return nil }
            self.init(end: end, customers: Int(customers), seed: UInt64(bitPattern: seed))
            isFilled = json["filled"]?.bool ?? false
        }

        func write(_ path: String) throws {
            let json: JSON = [
                "end": .string(end.rfc3339), "customers": .integer(Int64(customers)), "seed": .integer(Int64(bitPattern: seed)),
                "filled": .bool(isFilled),
            ]
            try Disk.write(json.bytes + [0x0A], to: path)
        }
    }

    private var path: String { client.folder.file("demo.json") }

    /// - Throws: ``DemonstrationProblem/notEmpty(_:)`` when the folder has data that is not an invented company's.
    func check() async throws {
        guard Record(path) == nil else { return }
        let status = try await client.json(APIRequest("GET", "/api/ledger"))
        // Keys and tokens may be there: who makes them first has no data yet.
        guard try status.whole("position") == 0 else { throw DemonstrationProblem.notEmpty(client.folder.path) }
    }

    /// Fills the folder, unless it was filled already, and then, when it shall, lives on until the task is cancelled.
    /// - Throws: ``DemonstrationProblem``, and what keeps the API from taking the interactions.
    func run(live: Bool) async throws {
        try await check()
        var record = Record(path) ?? Record(end: clock.now, customers: customers, seed: seed)
        let delivery = try await delivery()
        if record.isFilled, !live { return say("The invented company is in the folder already.") }
        if !record.isFilled { try record.write(path) }
        var company = DemoCompany(seed: record.seed, end: record.end, customers: record.customers)
        if !record.isFilled {
            // Who belongs somewhere by what happened before is found when that is decided; nobody enters or leaves two years in a minute.
            try await decide { !$0.hasPrefix("audience-") && $0 != "lifecycle.yaml" }
            try await fill(&company, delivery)
            try await decide { _ in true }
            record.isFilled = true
            try record.write(path)
        }
        if live { try await trickle(company.live(from: max(record.end, clock.now)), delivery) }
    }

    /// A token and a write key for whoever tries the company out. Secrets are kept nowhere in clear, so each start has its own,
    /// and those of earlier starts are refused from then on.
    func secrets() async throws -> (token: String, key: String) {
        let run = "demo-" + clock.now.rfc3339.filter(\.isNumber).prefix(17)
        for path in ["/api/tokens", "/api/keys"] {
            for item in try await client.json(APIRequest("GET", path)).list("items") where item["revokedAt"]?.string == nil {
                guard let name = item["name"]?.string, name != run, name.wholeMatch(of: /demo-[0-9]{17}/) != nil else { continue }
                try await client.send(APIRequest("DELETE", path + "/" + APIRequest.encoded(name))).check()
            }
        }
        let token: JSON = ["name": .string(run), "role": "administrator"]
        let key: JSON = ["name": .string(run)]
        return (
            try await client.json(APIRequest("POST", "/api/tokens", body: token.bytes)).text("secret"),
            try await client.json(APIRequest("POST", "/api/keys", body: key.bytes)).text("secret")
        )
    }

    /// Puts the company's own blueprint in force, of it the documents whose names are wanted.
    private func decide(_ isWanted: (String) -> Bool) async throws {
        let documents: JSON = .array(
            DemoCompany.blueprint.filter { isWanted($0.name) }.map { ["name": .string($0.name), "text": .string($0.text)] })
        let body: JSON = ["documents": documents, "check": false]
        _ = try await client.json(APIRequest("POST", "/api/blueprint", body: body.bytes))
    }

    private func fill(_ company: inout DemoCompany, _ delivery: Delivery) async throws {
        let began = ContinuousClock.now
        let total = company.interactions
        let people = Text.count(company.customers, "person", "people")
        say(
            "Filling the folder with an invented company: \(people), \(Text.count(total, "interaction")). Devices on which nobody says who they are count as customers too."
        )
        var shown = began
        let limit = client.settings[Known.importLimit]
        let most = client.settings[Known.importItems]
        var body = company.nextBody(bytes: limit, items: most)
        while let current = body {
            try Task.checkCancellation()
            async let answer = delivery.send(current.bytes)
            body = company.nextBody(bytes: limit, items: most)
            try Self.check(try await answer)
            if ContinuousClock.now - shown > .seconds(2) {
                shown = ContinuousClock.now
                say("\(company.given * 100 / max(1, total))%, \(Text.count(company.given, "interaction"))")
            }
        }
        let seconds = (ContinuousClock.now - began).components.seconds
        say("\(Text.count(total, "interaction")) of \(people) are in the folder, after \(seconds) s.")
    }

    private func trickle(_ traffic: DemoLive, _ delivery: Delivery) async throws {
        var traffic = traffic
        var due = ContinuousClock.now
        while let next = traffic.next() {
            due += .milliseconds(next.wait)
            try await Task.sleep(until: due, clock: .continuous)
            try Self.check(try await delivery.send(Array("{\"batch\":[".utf8) + next.item + Array("]}".utf8)))
        }
    }

    /// The invented company sends nothing that is refused: if something is, one of us is wrong.
    private static func check(_ answer: JSON) throws {
        if let refusal = try answer.list("refused").first { throw DemonstrationProblem.refused(refusal["reason"]?.string ?? "") }
    }

    /// The way to the API, under the demonstration's own key.
    private func delivery() async throws -> Delivery {
        let body: JSON = ["name": .string(Self.source)]
        let made = try await client.send(APIRequest("POST", "/api/keys", body: body.bytes))
        if made.status != 409 { try made.check() }
        let client = client
        return Delivery(
            post: { bytes in
                var request = APIRequest("POST", "/v1/import", body: bytes)
                request.headers = [("Sightline-Source", Self.source)]
                return try await client.send(request)
            }, sleep: { try await Task.sleep(for: $0) }, patience: .seconds(600))
    }
}

/// What is wrong with a demonstration.
enum DemonstrationProblem: Error, Equatable {
    /// The folder, which has other data.
    case notEmpty(String)
    /// The tracking API refused an item, and why.
    case refused(String)
}
