import Audiences
import Foundation
import Kernel
import Rendering
import Testing

@testable import Web

@Suite struct `The picture of a lifecycle` {
    private func picture(_ counts: [Int], _ moves: [(Int, Int, Double)], new: Double = 0) -> LifecyclePicture {
        LifecyclePicture(
            stages: counts.enumerated().map { .init(name: "Stage \($0.offset)", count: $0.element) },
            moves: moves.map { .init(from: $0.0, to: $0.1, perWeek: $0.2) }, new: new)
    }
    /// What the template makes of it.
    private func drawn(_ picture: LifecyclePicture) throws -> String {
        let templates = try Resources(folder: SampleWorld.resources).templates
        return try templates.filled(
            "lifecycle-picture", with: ["picture": ["said": "x"] as Fields, "wide": picture.fitsWide ? picture.wide : nil, "tall": picture.tall])
    }
    /// Where the numbers of moves stand.
    private func notes(_ html: Substring) -> [(x: Double, y: Double, text: String)] {
        html.matches(of: #/<text class="c-text[^"]*arc-note[^"]*" x="([-0-9.]+)" y="([-0-9.]+)">([0-9][^<]*)</text>/#).compactMap {
            guard let x = Double($0.1), let y = Double($0.2) else { return nil }
            return (x, y, String($0.3))
        }
    }

    @Test func `numbers of moves never lie on each other, in either form`() throws {
        // Every move there can be between six stages, each of another size.
        var all: [(Int, Int, Double)] = []
        for from in 0..<6 { for to in 0..<6 where from != to { all.append((from, to, Double(1_000 + 10 * from + to))) } }
        let html = try drawn(picture([17_904, 5_236, 9_871, 4_118, 1_904, 9_179], all, new: 1_124))
        let halves = html.split(separator: "is-tall")
        #expect(halves.count == 2)
        for half in halves {
            let found = notes(half).filter { $0.text.allSatisfy { $0.isNumber || $0 == "," || $0 == "." } && $0.text.count >= 4 }
            #expect(found.count >= 4)
            for (i, a) in found.enumerated() {
                for b in found[(i + 1)...] { #expect(abs(a.x - b.x) > 28 || abs(a.y - b.y) >= 12, "\(a) and \(b)") }
            }
        }
    }

    @Test func `a name that is too long stands in several lines, and is cut only where a word is too long`() throws {
        #expect(LifecyclePicture.lines("Waiting for delivery", to: 100, letter: 8.2) == ["Waiting for", "delivery"])
        #expect(LifecyclePicture.lines("Repeat", to: 60, letter: 8.2) == ["Repeat"])
        #expect(LifecyclePicture.lines("Consideringly", to: 60, letter: 8.2) == ["Consid…"])
        #expect(LifecyclePicture.lines("Waiting for delivery", to: 84, letter: 8.2) == ["Waiting", "for", "delivery"])
        #expect(LifecyclePicture.lines("Waiting for the very last delivery", to: 60, letter: 8.2).count == 3)
        #expect(LifecyclePicture.lines("Waiting for the delivery", to: 60, letter: 8.2, mostLines: 2) == ["Waitin…", "the de…"])
        #expect(LifecyclePicture.lines("", to: 60, letter: 8.2).isEmpty)
        #expect(LifecyclePicture.lines("A B", to: 10, letter: 8.2) == ["A", "B"])
        // Nine stages of a company, as many small ones as there may be: no name reaches into the next.
        let names = ["Aware", "Considering", "First order", "Repeat", "Advocate", "Lapsing", "Lost", "New home", "Waiting for delivery"]
        let counts = [1_330, 151, 297, 671, 27, 714, 114, 9, 46]
        let html = try drawn(LifecyclePicture(stages: zip(names, counts).map { .init(name: $0, count: $1) }, moves: [], new: 20))
        let wide = try #require(html.split(separator: "is-tall").first)
        let found = wide.matches(of: #/is-strong[^"]*" x="([-0-9.]+)" y="([-0-9.]+)">([^<]+)</#).compactMap {
            (x: Double($0.1) ?? .nan, y: Double($0.2) ?? .nan, half: Double($0.3.count) * 4.1, text: String($0.3))
        }
        #expect(found.map(\.text).joined(separator: " ") == names.joined(separator: " "))
        for (i, a) in found.enumerated() {
            for b in found[(i + 1)...] { #expect(abs(a.x - b.x) > a.half + b.half || abs(a.y - b.y) >= 12, "\(a) and \(b)") }
            #expect(a.x - a.half >= 0 && a.x + a.half <= 1160, "\(a) is in the picture")
        }
    }

    @Test func `a move of most is the widest, and what has no room is counted`() throws {
        let few = try drawn(picture([10, 10, 10], [(0, 1, 612), (1, 2, 306), (2, 0, 3)]))
        #expect(few.contains("stroke-width=\"22\"") && few.contains("stroke-width=\"11\"") && !few.contains("in the table alone"))
        var many: [(Int, Int, Double)] = []
        for from in 0..<8 { for to in 0..<8 where from != to { many.append((from, to, Double(1 + from + to))) } }
        #expect(try drawn(picture(Array(repeating: 5, count: 8), many)).contains("46 smaller moves in the table alone"))
    }

    @Test func `on a phone too the largest moves are drawn, however far they go, and what is left out is called smaller only if it is`() throws {
        func tall(_ moves: [(Int, Int, Double)]) throws -> (notes: [String], html: String) {
            let half = try #require(try drawn(picture(Array(repeating: 100, count: 8), moves)).split(separator: "is-tall").last)
            return (notes(half).map(\.text), String(half))
        }
        // A large one between stages far from each other, and small ones on all of its way that go back or over one stage.
        let steps = (0..<7).map { ($0, $0 + 1, 80.0) }
        let small = (0..<6).flatMap { [($0, $0 + 2, 21.0), ($0 + 2, $0, 20.0), ($0 + 1, $0, 19.0)] }
        let far = try tall(steps + small + [(7, 1, 64)])
        #expect(far.notes.contains("64") && far.html.contains("9 smaller moves in the table alone"))
        // Five on one stretch have four lanes: the smallest of them stays out, though smaller ones are drawn elsewhere.
        let five = try tall([(0, 7, 90), (7, 0, 80), (1, 6, 70), (6, 1, 60), (2, 5, 50), (0, 1, 3)])
        #expect(Set(five.notes) == ["90", "80", "70", "60"] && five.html.contains("1 other move in the table alone"))
    }

    @Test func `ten stages stand below each other everywhere, nine beside each other, and one stage stands alone`() throws {
        let ten = try drawn(picture(Array(repeating: 3, count: 10), [(0, 9, 2)]))
        #expect(!ten.contains("only-wide") && ten.contains("Stage 9"))
        #expect(try drawn(picture(Array(repeating: 3, count: 9), [(0, 8, 2)])).contains("only-wide"))
        let one = try drawn(picture([7], []))
        #expect(one.contains("only-wide") && one.contains("Stage 0") && !one.contains("NaN") && !one.contains("inf"))
        let none = try drawn(picture([0, 0], []))
        #expect(!none.contains("NaN") && none.contains("is-gone"))
    }

    @Test func `what changed by more than chance is told first, else what moves most`() throws {
        typealias Move = LifecyclePicture.Move
        let names = ["Aware", "Customer", "Lapsing"]
        func told(_ now: [Move], _ before: [Move]) throws -> String {
            try Resources(folder: SampleWorld.resources).templates.filled(
                "lifecycle-body", with: ["isDefined": true, "finding": Console.finding(now, before, names)])
        }
        let slip = try told(
            [Move(from: 1, to: 2, perWeek: 141), Move(from: 0, to: 1, perWeek: 612)],
            [
                Move(from: 1, to: 2, perWeek: 92), Move(from: 0, to: 1, perWeek: 600),
            ])
        #expect(slip.contains("141 a week go from Customer to Lapsing, against 92 in the 4 weeks before"))
        // 17 against 16 is nothing.
        let calm = try told([Move(from: 1, to: 2, perWeek: 17)], [Move(from: 1, to: 2, perWeek: 16)])
        #expect(calm.contains("Most go from Customer to Lapsing: 17 a week") && calm.contains("no move changed by more than chance"))
        let over = try told([], [Move(from: 0, to: 1, perWeek: 50)])
        #expect(over.contains("0 a week go from Aware to Customer, against 50"))
        #expect(Console.finding([], [], names) == nil)
    }

    @Test func `life events stand with how many they happened to, and lead to the event and to whom it happened`() throws {
        let formats = Formats(zone: .gmt, now: Instant(milliseconds: 1_795_305_600_000))
        let moved = LifeEvent(
            title: "Moved house", event: "Address & Home Changed", lately: 1_204, before: 0, last: Instant(milliseconds: 1_795_302_000_000))
        let child = LifeEvent(title: "Has a child", event: "Child Born", lately: 0, before: 0, last: nil)
        func drawn(_ events: [LifeEvent]) throws -> String {
            try Resources(folder: SampleWorld.resources).templates.filled("life-events", with: Console.lifeEventFields(events, formats))
        }
        let both = try drawn([moved, child])
        #expect(both.contains("Moved house") && both.contains("1,204") && both.contains("href=\"/events/Address%20%26%20Home%20Changed\""))
        #expect(both.contains("href=\"/customers?did=Address") && both.contains("never") && !both.contains("None in the last"))
        #expect(both.matches(of: #/\/customers\?did=/#).count == 1)
        #expect(try drawn([child]).contains("None in the last 7 days."))
        #expect(try !drawn([]).contains("Life events"))
    }

    @Test func `without a lifecycle the page says what it is, and leads whoever may to write one`() async throws {
        let world = try SampleWorld.furnished()
        try await world.person("marta@example.com")
        let browser = Browser(try world.console())
        _ = await browser.signIn()
        let page = await browser.get("/lifecycle")
        #expect(page.status == 200 && page.text.contains("No lifecycle yet") && page.text.contains("/settings/definitions/lifecycle"))
        #expect(page.text.contains("name: Aware"))
        #expect(await browser.get("/lifecycle/Aware").status == 404)
    }
}
