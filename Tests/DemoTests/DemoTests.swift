import Foundation
import Kernel
import Testing

@testable import Demo

private let end = Instant(milliseconds: 1_795_305_600_000)  // 2026-11-22T00:00:00Z

/// All items of a company, parsed by another reader than ours.
func items(_ company: DemoCompany) throws -> [[String: Any]] {
    var company = company
    var all: [[String: Any]] = []
    while let body = company.nextBody() {
        let parsed = try #require(try JSONSerialization.jsonObject(with: Data(body.bytes)) as? [String: Any])
        let batch = try #require(parsed["batch"] as? [[String: Any]])
        #expect(batch.count == body.items)
        all += batch
    }
    return all
}

private func bytes(_ company: DemoCompany) -> [UInt8] {
    var company = company
    var all: [UInt8] = []
    while let body = company.nextBody() { all += body.bytes }
    return all
}

@Suite struct `The invented company` {
    /// Lived once for all tests: 1,500 customers are enough for every share.
    static let company = DemoCompany(end: end, customers: 1500)
    nonisolated(unsafe) static let all = Result { try items(company) }  // values of JSONSerialization never change

    @Test func `is the same to the byte for the same seed, and another for another`() {
        let once = bytes(DemoCompany(seed: 1, end: end, customers: 40, months: 6))
        #expect(once == bytes(DemoCompany(seed: 1, end: end, customers: 40, months: 6)))
        #expect(once != bytes(DemoCompany(seed: 2, end: end, customers: 40, months: 6)))
    }

    @Test func `has over a million interactions of 20,000 customers in 24 months`() {
        let company = DemoCompany(end: end)
        #expect(company.customers == 20_000)
        #expect((1_000_000...1_500_000).contains(company.interactions))
    }

    @Test func `gives items in the order of time, each with an identifier and an id of its own`() throws {
        let all = try Self.all.get()
        #expect(all.count == Self.company.interactions)
        let times = all.compactMap { $0["timestamp"] as? String }
        #expect(times.count == all.count && times == times.sorted())
        #expect(times.last ?? "" < end.rfc3339 && times.first ?? "" >= "2024-11-21")
        #expect(Set(all.compactMap { $0["messageId"] as? String }).count == all.count)
        for item in all {
            let context = item["context"] as? [String: Any]
            let external = (context?["externalIds"] as? [[String: Any]])?.first?["id"] as? String
            #expect(item["userId"] is String || item["anonymousId"] is String || external?.isEmpty == false)
            #expect(["web", "app", "email", "sms", "chat", "phone", "store", "social", "other"].contains(context?["channel"] as? String ?? "other"))
            #expect(["in", "out", "internal"].contains(context?["direction"] as? String))
        }
    }

    @Test func `is met on every channel`() throws {
        let channels = Dictionary(grouping: try Self.all.get()) { ($0["context"] as? [String: Any])?["channel"] as? String ?? "" }.mapValues(\.count)
        for channel in ["web", "app", "email", "sms", "chat", "phone", "store", "social"] {
            #expect(channels[channel, default: 0] > 10, "\(channel)")
        }
    }

    @Test func `delivers late now and then, more often of late in the north, and hears of it`() throws {
        let all = try Self.all.get()
        func events(_ name: String) -> [[String: Any]] {
            all.filter { $0["event"] as? String == name }.compactMap { $0["properties"] as? [String: Any] }
        }
        let delivered = events("Order Delivered")
        let late = Set(delivered.filter { $0["days_late"] as? Int ?? 0 > 0 }.compactMap { $0["order_id"] as? String })
        let share = Double(late.count) / Double(delivered.count)
        #expect((0.08...0.18).contains(share), "\(share)")
        let recent = delivered.filter { $0["promised_by"] as? String ?? "" > "2026-10-18" && $0["carrier"] as? String == "Northway" }
        #expect(Double(recent.count { $0["days_late"] as? Int ?? 0 > 0 }) > 0.2 * Double(recent.count))

        let answers = events("Survey Answered").filter { $0["survey"] as? String == "Delivery" }
        func mean(_ answers: [[String: Any]]) -> Double { Double(answers.compactMap { $0["score"] as? Int }.reduce(0, +)) / Double(answers.count) }
        let (low, high) = (
            answers.filter { late.contains($0["order_id"] as? String ?? "") }, answers.filter { !late.contains($0["order_id"] as? String ?? "") }
        )
        #expect(low.count > 20 && high.count > 200)
        #expect(mean(low) < 3 && mean(high) > 4)
        #expect(answers.allSatisfy { (1...5).contains($0["score"] as? Int ?? 0) })
        let complaints = events("Message Received").count { late.contains($0["order_id"] as? String ?? "") }
        #expect(complaints > 20)
    }

    @Test func `asks, returns, sends letters and is found by advertisements`() throws {
        let names = Dictionary(grouping: try Self.all.get()) { $0["event"] as? String ?? $0["type"] as? String ?? "" }.mapValues(\.count)
        for name in [
            "identify", "page", "screen", "Product Viewed", "Product Added", "Checkout Started", "Order Completed", "Order Shipped", "Delivery Late",
            "Return Requested", "Order Refunded", "Email Sent", "Email Opened", "Email Link Clicked", "Survey Sent", "Survey Answered",
            "Call Received",
            "Message Received", "Message Sent", "Store Visited", "SMS Sent", "Review Written",
        ] {
            #expect(names[name, default: 0] > 0, "\(name)")
        }
        let paid = try Self.all.get().count { (($0["context"] as? [String: Any])?["campaign"] as? [String: String])?["medium"] == "cpc" }
        #expect(paid > 100)
    }

    @Test func `gives nobody a number or an address that could be real`() throws {
        let traits = try Self.all.get().compactMap { $0["traits"] as? [String: Any] }.filter { $0["firstName"] != nil }
        let phones = traits.compactMap { $0["phone"] as? String }
        #expect(phones.count > 200)
        // Each in one household only.
        let homes = Dictionary(grouping: traits.filter { $0["phone"] != nil }) { ($0["phone"] as? String ?? "").filter { $0 != " " } }
        #expect(homes.values.allSatisfy { Set($0.compactMap { ($0["address"] as? [String: String])?["city"] }).count == 1 && $0.count <= 3 })
        for phone in phones {
            let digits = phone.filter { $0 != " " }.replacing(#/^0/#, with: "+44")
            #expect(
                digits.wholeMatch(of: /\+44(7700900\d{3}|1[1-9]\d49[68]0\d{3}|2079460\d{3}|2920180\d{3}|2896496\d{3})|\+3363998\d{4}/) != nil,
                "\(phone)")
        }
        #expect(phones.contains { $0.hasPrefix("0") } && phones.contains { $0.hasPrefix("+") })
        for email in traits.compactMap({ $0["email"] as? String }) {
            #expect(email.wholeMatch(of: /[a-z.-]+[0-9]+@example\.(com|org|net)/) != nil, "\(email)")
        }
    }

    @Test func `gives whoever says who they are a street with a house and a whole postcode`() throws {
        let addresses = try Self.all.get().compactMap { ($0["traits"] as? [String: Any])?["address"] as? [String: String] }
        #expect(addresses.count > 1200)
        var towns: [String: Set<String>] = [:]
        for address in addresses {
            let (street, code) = (address["street"] ?? "", address["postalCode"] ?? "")
            if address["country"] == "FR" {
                #expect(
                    street.wholeMatch(of: /\d+ [a-zé]+ (des|du|de la) [A-Z].+/) != nil && code.wholeMatch(of: /\d{5}/) != nil, "\(street), \(code)")
            } else {
                #expect(street.wholeMatch(of: /(Flat \d, )?\d+ [A-Z][a-z]+ [A-Z][a-z]+/) != nil, "\(street)")
                #expect(code.wholeMatch(of: /[A-Z]{1,2}\d{1,2} \d[A-Z]{2}/) != nil, "\(code)")
                towns[code, default: []].insert("\(street.replacing(#/^(Flat \d, )?\d+ /#, with: "")), \(address["city"] ?? "")")
            }
        }
        #expect(towns.values.count { $0.count == 1 } > towns.count * 9 / 10)
    }

    // Two years of 3,000 people, of whom seven in eight tell us of a move: 4 in a hundred a year are some 180.
    @Test func `moves house now and then, tells us so, and lives there from then on`() throws {
        let company = DemoCompany(end: end, customers: 3000)
        let all = try items(company)
        func address(_ item: [String: Any]) -> [String: String]? { (item["traits"] as? [String: Any])?["address"] as? [String: String] }
        func who(_ item: [String: Any]) -> Substring { (item["messageId"] as? String ?? "").dropLast(6) }
        var homes: [Substring: [String: String]] = [:]
        var announced: [Substring: [String: Any]] = [:]
        var channels: Set<String> = []
        var (moves, elsewhere) = (0, 0)
        for item in all {
            if item["event"] as? String == "Address Changed" {
                let said = try #require(item["properties"] as? [String: String])
                #expect(said["old_city"] == homes[who(item)]?["city"] && said["old_postcode"] == homes[who(item)]?["postalCode"])
                channels.insert((item["context"] as? [String: Any])?["channel"] as? String ?? "")
                announced[who(item)] = said
                moves += 1
                if said["old_city"] != said["new_city"] { elsewhere += 1 }
            } else if let new = address(item) {
                if let said = announced[who(item)] {
                    #expect(said["new_city"] as? String == new["city"] && said["new_postcode"] as? String == new["postalCode"])
                    #expect(new["street"] != homes[who(item)]?["street"] && new["country"] == homes[who(item)]?["country"])
                }
                homes[who(item)] = new
            }
        }
        #expect((110...260).contains(moves), "\(moves) moved")
        #expect((moves / 5...moves * 3 / 5).contains(elsewhere), "\(elsewhere) of \(moves) left the town")
        #expect(channels == ["web", "app", "phone"])
        // Who lives together moves together.
        let couples = zip(company.persons, company.persons.dropFirst()).filter { $0.move != nil && $0.home == $1.home && $0.town == $1.town }
        #expect(couples.contains { $0.move == $1.move })
        // Where a shop is, whoever has a card of ours moved to.
        #expect(company.persons.allSatisfy { !$0.flags.contains(.card) || $0.town(at: end.milliseconds).shop != nil })
        let live = company.live(perSecond: 5)
        var (later, traffic) = (0, live)
        for _ in 0..<40_000 {
            if let item = traffic.next()?.item, String(decoding: item, as: UTF8.self).contains("\"Address Changed\"") { later += 1 }
        }
        #expect((10...150).contains(later), "\(later) moved in live traffic")
    }

    @Test func `says what we may write about and by what, and takes some of it back`() throws {
        struct Word: Hashable {
            var who: Substring
            var what: String
        }
        var given: [Word: String] = [:]
        var withdrawn: [Word: String] = [:]
        for item in try Self.all.get() {
            guard let event = item["event"] as? String, event.hasPrefix("Consent "), let at = item["timestamp"] as? String else { continue }
            let said = try #require(item["properties"] as? [String: String])
            let word = Word(who: (item["messageId"] as? String ?? "").dropLast(6), what: "\(said["channel"] ?? "") for \(said["purpose"] ?? "")")
            #expect(["account form", "in the app", "in the shop", "on the phone"].contains(said["method"]))
            if event == "Consent Given" {
                #expect(said["wording"]?.isEmpty == false && given[word] == nil)
                given[word] = at
            } else {
                #expect(given[word].map { $0 < at } == true && withdrawn[word] == nil, "nobody takes back what they did not give")
                withdrawn[word] = at
            }
        }
        let known = Self.company.persons.count { $0.kind != .visitor && ($0.flags.contains(.joined) || $0.kind != .online) }
        func share(_ what: String) -> Double { Double(given.keys.count { $0.what == what }) / Double(known) }
        for (what, range) in [
            ("email for marketing", 0.4...0.75), ("sms for marketing", 0.05...0.3), ("push for marketing", 0.08...0.25),
            ("letter for marketing", 0.12...0.35), ("phone for marketing", 0.01...0.15), ("email for surveys", 0.3...0.65),
        ] {
            #expect(range.contains(share(what)), "\(share(what)) gave \(what)")
        }
        #expect((0.02...0.2).contains(Double(withdrawn.count) / Double(given.count)), "\(withdrawn.count) of \(given.count) taken back")
        // Whoever comes later is asked too.
        var live = DemoCompany(end: end, customers: 300, months: 3).live(perSecond: 5)
        let asked = (0..<6000).count { _ in live.next().map { String(decoding: $0.item, as: UTF8.self).contains("\"Consent Given\"") } ?? false }
        #expect(asked > 20, "\(asked)")
    }

    @Test func `answers whoever writes, and never before they wrote`() throws {
        var open: [String: Int] = [:]
        var answered = 0
        for item in try Self.all.get() {
            guard let event = item["event"] as? String, event == "Message Received" || event == "Message Sent" else { continue }
            let channel = (item["context"] as? [String: Any])?["channel"] as? String ?? ""
            let who = "\((item["messageId"] as? String ?? "").dropLast(6)) \(channel)"
            open[who, default: 0] += event == "Message Received" ? 1 : -1
            #expect(open[who, default: 0] >= 0, "\(who) was answered before they wrote, at \(item["timestamp"] ?? "")")
            if event == "Message Sent" { answered += 1 }
        }
        #expect(answered > 100)
    }

    @Test func `is met before it knows who, and by some on one tablet`() throws {
        var users: [String: Set<String>] = [:]
        var before: Set<String> = []
        var after: Set<String> = []
        for item in try Self.all.get() {
            guard let device = item["anonymousId"] as? String else { continue }
            if let user = item["userId"] as? String {
                users[device, default: []].insert(user)
                if before.contains(device) { after.insert(device) }
            } else {
                before.insert(device)
            }
        }
        #expect(after.count > 300)
        #expect(users.values.contains { $0.count == 2 } && !users.values.contains { $0.count > 2 })
        let devices = Dictionary(grouping: users.flatMap { device, users in users.map { ($0, device) } }) { $0.0 }
        #expect(devices.values.count { $0.count >= 2 } > 300)
    }

    @Test(arguments: [(500_000, 2500), (20_000, 7), (4_000_000, 25_000), (1, 10)])
    func `puts as much into a body as it may hold`(limit: Int, most: Int) {
        var company = DemoCompany(end: end, customers: 30, months: 3)
        var items = 0
        while let body = company.nextBody(bytes: limit, items: most) {
            #expect(body.items <= most && (body.bytes.count <= limit || body.items == 1))
            items += body.items
        }
        #expect(items == company.interactions && company.given == items)
    }

    @Test func `says nothing that JSON would have to escape`() {
        for topic in Phrases.Topic.allCases {
            #expect(!topic.texts.isEmpty)
            for text in topic.texts {
                #expect(!text.utf8.contains { $0 < 32 || $0 == 34 || $0 == 92 }, "\(text)")
                let rest = text.replacing(/\{(product|order|days|agent|town|carrier)\}/, with: "")
                #expect(!rest.contains("{") && !rest.contains("}"), "\(text)")
            }
        }
    }
}

@Suite struct `Live traffic` {
    private func take(_ count: Int, _ live: DemoLive) -> [DemoLive.Element] {
        var live = live
        return (0..<count).compactMap { _ in live.next() }
    }

    @Test func `goes on for ever, in order, at the pace asked for, and is the same each time`() throws {
        let company = DemoCompany(end: end, customers: 300, months: 3)
        let live = take(6000, company.live(perSecond: 5))
        #expect(live == take(6000, company.live(perSecond: 5)))
        #expect(live.allSatisfy { $0.wait >= 0 && $0.at >= end })
        let seconds = Double(live.reduce(0) { $0 + $1.wait }) / 1000
        #expect((3.5...6.5).contains(6000 / seconds), "\(6000 / seconds) a second")
        for element in live {
            let item = try #require(try JSONSerialization.jsonObject(with: Data(element.item)) as? [String: Any])
            #expect(item["timestamp"] as? String == element.at.rfc3339)
            #expect(item["userId"] is String || item["anonymousId"] is String || (item["context"] as? [String: Any])?["externalIds"] != nil)
        }
    }

    // A week of live traffic beside the last week of history, letters of news aside: by the day, and by the hour of the day.
    @Test func `is as much as history has, with its hours and its weekdays`() throws {
        let company = DemoCompany(end: end, customers: 3000, months: 6)
        let day: Int64 = 86_400_000
        var history: [String: Int] = [:]
        var hours = [Int](repeating: 0, count: 24)
        for item in try items(company) {
            guard let at = (item["timestamp"] as? String).flatMap({ Instant($0) }), end - at < 28 * day else { continue }
            let isLetter = (item["event"] as? String)?.hasPrefix("Email ") ?? false
            history[isLetter ? "letters" : "rest", default: 0] += 1
            if !isLetter { hours[Int(at.milliseconds / 3_600_000 % 24)] += 1 }
        }
        var live = company.live()
        var count = 0
        var liveHours = [Int](repeating: 0, count: 24)
        // The second to the fifth week: what history left on its way has come by then.
        while let next = live.next(), next.at - end < 35 * day {
            guard next.at - end >= 7 * day else { continue }
            count += 1
            liveHours[Int(next.at.milliseconds / 3_600_000 % 24)] += 1
        }
        let ratio = Double(count) / Double(history["rest"] ?? 0)
        #expect((0.6...1.6).contains(ratio), "\(ratio) times as much")
        func share(_ hours: [Int], _ range: Range<Int>) -> Double { Double(hours[range].reduce(0, +)) / Double(hours.reduce(0, +)) }
        for range in [0..<6, 6..<12, 12..<18, 18..<24] {
            #expect(abs(share(hours, range) - share(liveHours, range)) < 0.1, "\(range): \(share(hours, range)), \(share(liveHours, range))")
        }
    }

    @Test func `has ids that neither history nor another beginning has, and new people`() throws {
        let company = DemoCompany(end: end, customers: 300, months: 3)
        func ids(_ items: [[String: Any]]) -> [String] { items.compactMap { $0["messageId"] as? String } }
        func parse(_ live: DemoLive) throws -> [[String: Any]] {
            try take(3000, live).compactMap { try JSONSerialization.jsonObject(with: Data($0.item)) as? [String: Any] }
        }
        let history = ids(try items(company))
        let first = try parse(company.live())
        let later = try parse(company.live(from: end + 7_200_000))
        #expect(Set(history + ids(first)).count == history.count + 3000)
        #expect(Set(history + ids(later)).count == history.count + 3000)
        // What history left on its way arrives in both; all else differs.
        #expect(Set(ids(first)).intersection(ids(later)).count < 300)
        #expect(first.contains { $0["type"] as? String == "identify" })
    }
}
