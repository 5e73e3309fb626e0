import Foundation
import Testing

@testable import Collect

/// The figures that the folder of real data names, worked out from the items alone.
@Suite(.enabled(if: RealData.isThere, "the real data is not on this machine: set SIGHTLINE_TEST_DATA"))
struct `Importing real data` {
    @Test func `every order of olist has its steps, items and payments, and 415 of 5170 came late`() throws {
        let imported = try RealData.olist.get()
        #expect(imported.refused.map(\.sentence) == [])
        #expect(imported.events("Order Placed").count == 8135)
        #expect(imported.events("Order Approved").count == 8135 - 146)
        #expect(imported.events("Order Shipped").count == 8135 - 1782)
        let delivered = imported.events("Order Delivered")
        #expect(delivered.count == 5170)
        let late = delivered.filter { $0.time > Imported.Item.seconds($0.properties["estimated_delivery"]) }
        #expect(late.count == 415)

        let people = Set(imported.items.compactMap(\.userID))
        #expect(people.count == 8016)
        #expect(Set(imported.items.map(\.messageID)).count == imported.items.count)
        let lines = imported.events("Order Placed").reduce(0) { $0 + (($1.properties["products"] as? [Any])?.count ?? 0) }
        #expect(lines == 8365)
        let payments = imported.events("Order Placed").reduce(0) { $0 + (($1.properties["payments"] as? [Any])?.count ?? 0) }
        #expect(payments == 8924)
        let order = try #require(imported.events("Order Placed").first { $0.properties["order_id"] as? String == "a4591c265e18cb1dcee52889e2d8acc3" })
        #expect(order.object["timestamp"] as? String == "2017-07-10T00:57:05.000Z")
        let products = try #require(order.properties["products"] as? [[String: Any]])
        #expect(products.allSatisfy { $0["category"] is String && $0["price"] is Double })
    }

    @Test func `every olist review is an answer, and late orders score 2,4988 against 4,2770`() throws {
        let imported = try RealData.olist.get()
        let answers = imported.events("Survey Answered")
        #expect(answers.count == 8225)
        #expect(Set(answers.compactMap { $0.properties["response_id"] as? String }).count == 8225 - 34)
        var wasLate: [String: Bool] = [:]
        for step in imported.events("Order Delivered") {
            wasLate[step.properties["order_id"] as? String ?? ""] = step.time > Imported.Item.seconds(step.properties["estimated_delivery"])
        }
        func mean(late: Bool) -> Double {
            let scores = answers.filter { wasLate[$0.properties["order_id"] as? String ?? ""] == late }.compactMap { $0.properties["score"] as? Int }
            return Double(scores.reduce(0, +)) / Double(scores.count)
        }
        #expect(abs(mean(late: false) - 4.2770) < 0.00005)
        #expect(abs(mean(late: true) - 2.4988) < 0.00005)
        #expect(answers.contains { ($0.properties["text"] as? String ?? "").contains("\n") })
    }

    @Test func `brands first answered 1311 conversations, in a median of 813 seconds`() throws {
        let imported = try RealData.twcs.get()
        // A line break without quotes splits a row. The first half has all that is needed; the second, without author and time, is refused.
        #expect(imported.items.count == 5000)
        #expect(imported.refused.map(\.line) == [2589])
        #expect(imported.refused.first?.fault == .columns(found: 3, wanted: 8))
        #expect(imported.notices.filter { $0.kind == .note }.map(\.fault) == [.shortRow(found: 6, wanted: 8)])

        var conversations: [String: [Imported.Item]] = [:]
        for item in imported.items { conversations[item.properties["conversation_id"] as? String ?? "", default: []].append(item) }
        #expect(conversations.count == 1312)
        var waits: [Double] = []
        for messages in conversations.values {
            let asked = messages.filter { $0.context["direction"] as? String == "in" }.map(\.time).min()
            guard let asked, let answered = messages.filter({ $0.context["direction"] as? String == "out" && $0.time > asked }).map(\.time).min()
            else { continue }
            waits.append(answered - asked)
        }
        waits.sort()
        #expect(waits.count == 1311)
        #expect(waits[655] == 813)
        #expect(waits[Int(0.9 * 1310)] == 32_906)
        #expect(abs(Double(waits.count { $0 <= 3600 }) / 1311 - 0.7201) < 0.00005)
    }

    @Test func `an answer of a brand belongs to the customer it answers`() throws {
        let imported = try RealData.twcs.get()
        let byID = Dictionary(uniqueKeysWithValues: imported.items.map { ($0.properties["message_id"] as? Int ?? 0, $0) })
        #expect(byID[1]?.userID == "115712")
        #expect(byID[1]?.properties["brand"] as? String == "sprintcare")
        #expect(byID[1]?.properties["conversation_id"] as? String == "8")
        #expect(byID[3398]?.userID == "116510")
        // Nobody in the collection is answered here.
        #expect(byID[1621]?.userID == nil)
        #expect(byID[1621]?.anonymousID == "twcs-conversation-1621")
    }

    @Test func `the lines of an invoice become one order, also when other lines stand between them`() throws {
        let imported = try RealData.onlineRetail.get()
        #expect(imported.refused.map(\.sentence) == [])
        #expect(imported.leftOut.count == 101)
        #expect(imported.events("Order Cancelled").count == 459)
        #expect(imported.events("Order Completed").count == 2638 - 459 - 101)
        let lines = imported.items.reduce(0) { $0 + (($1.properties["products"] as? [Any])?.count ?? 0) }
        #expect(lines + 101 == 50_000)
        let first = try #require(imported.items.first { $0.properties["order_id"] as? String == "489434" })
        #expect(first.userID == "13085")
        #expect(first.properties["revenue"] as? Double == 505.3)
        #expect(imported.items.filter { $0.userID == nil }.allSatisfy { $0.anonymousID?.hasPrefix("online-retail-invoice-") == true })
        #expect(imported.bytes.allSatisfy { $0.count <= 32 * 1024 })
    }

    @Test func `reading again gives the same bytes, and the progress ends at the end`() throws {
        let once = try RealData.twcs.get()
        let again = try RealData.read("twcs", "twcs-5k")
        #expect(once.bytes == again.bytes)
        #expect(once.progress.bytes == once.progress.bytesTotal)
        #expect(once.progress.items == once.items.count)
        #expect(once.progress.rows == 5001)
    }
}
