import Kernel

/// Formulas and histories made by chance, from a seed.
struct RandomFormulas {
    var random: SeededRandom

    mutating func pick<T>(_ all: [T]) -> T { all[Int(random.next() % UInt64(all.count))] }
    mutating func chance(_ percent: Int) -> Bool { Int(random.next() % 100) < percent }
    mutating func number(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(random.next() % UInt64(range.count)) }

    static let names = ["Order Completed", "Page Viewed", "Complaint Received", "NPS Answered"]
    static let channels = ["web", "app", "email", "store"]

    mutating func formula() -> String {
        switch number(0...9) {
        case 0...2: "\(side()) and \(side())"
        case 3: "\(side()) or \(side())"
        case 4: "not (\(side()))"
        case 5: "(\(side()) or \(side())) and not \(side())"
        default: condition()
        }
    }

    /// A condition beside another: a sequence takes what it can of what follows it, so it stands in parentheses.
    mutating func side() -> String {
        let text = condition()
        return text.contains(" then ") || text.contains(" followed by ") ? "(\(text))" : text
    }

    mutating func condition() -> String {
        switch number(0...17) {
        case 12: dates()
        case 13: flags()
        case 14: lists()
        case 15: "last(\(named("Order Completed", "address.city"))) \(pick(["=", "!="])) \"\(pick(["York", "leeds"]))\""
        case 16: "\(pick(["first", "last"]))(\(events())) \(pick(["<", ">", "=", "!="])) \(pick(["first", "last"]))(\(events()))"
        case 17:
            "\(pick(["last(\(events())) - first(\(events()))", "now - \(pick(["first", "last"]))(\(events()))"])) \(pick(["<", ">="])) \(duration())"
        case 0: sequence()
        case 1: unfollowed()
        case 2: "trait.city \(pick(["=", "!="])) \"\(pick(["Leeds", "york", "Hull"]))\""
        case 3: pick(["trait.age >= 40", "trait.city is known", "trait.city is unknown", "trait.age < 30", "trait.city starts with \"l\""])
        case 4: "\(pick(["did", "never"]))(\(events()))"
        case 5: "last(\(named("Order Completed", "city"))) \(pick(["=", "!="])) \"\(pick(["Leeds", "York"]))\""
        case 6: "\(pick(["time since last", "time since first"]))(\(events())) \(pick(["<", ">", "<=", ">="])) \(duration())"
        case 7: "last(\(named("Order Completed", "city"))) contains \"e\""
        case 8: "(\(value()) \(pick(["+", "-", "*", "/"])) \(value())) \(pick(["<", ">=", "!="])) \(number(0...40))"
        case 9: "last(\(events())) \(pick(["<", ">="])) 2026-03-\(number(10...31))"
        default: "\(value()) \(pick(["=", "!=", "<", "<=", ">", ">="])) \(number(-6...12))"
        }
    }

    /// What is declared as a date.
    mutating func dates() -> String {
        let due = "\(pick(["min", "max", "first", "last"]))(\(named("Order Completed", "due")))"
        return switch number(0...3) {
        case 0: "\(due) \(pick(["<", ">=", "=", "!="])) \(pick(["2026-03-15", "2026-03-25T12:00:00Z", "2028-02-29", "now", "now - 3 days"]))"
        case 1: "\(due) is \(pick(["known", "unknown"]))"
        case 2: "now - \(due) \(pick(["<", ">"])) \(pick(["", "-"]))\(duration())"
        default:
            "count(\"Order Completed\" where due \(pick(["<", ">=", "!="])) 2026-03-\(number(10...31)) \(window())) \(pick(["<", ">="])) \(number(1...3))"
        }
    }

    /// What is declared as yes or no.
    mutating func flags() -> String {
        let gift = "\(pick(["first", "last"]))(\(named("Order Completed", "gift")))"
        return switch number(0...4) {
        case 0: "\(gift) \(pick(["=", "!="])) \(pick(["yes", "no"]))"
        case 1: gift
        case 2: "not \(gift)"
        case 3:
            "\(pick(["did", "never"]))(\"Order Completed\" where \(pick(["gift", "not gift", "gift = no", "gift != yes", "gift is known"])) \(window()))"
        default: "\(gift) is \(pick(["known", "unknown"]))"
        }
    }

    mutating func lists() -> String {
        switch number(0...6) {
        case 0: "\(pick(["did", "never"]))(\"Order Completed\" where tags contains \"\(pick(["sale", "NEW", "sal"]))\" \(window()))"
        case 1: "\(value()) in [\(number(-3...0)), \(number(1...4)), \(number(5...12))]"
        case 2: "last(\(named("Order Completed", "city"))) in [\"Leeds\", \"\(pick(["york", "Hull", "Nowhere"]))\"]"
        case 3: "trait.age in [22, \(number(40...60))]"
        case 4: "not (trait.city in [\"leeds\", \"\(pick(["York", "Hull"]))\"])"
        case 5: "count(\"Order Completed\" where total in [\(number(-20...0)), 5, \(number(10...60))] or address.city in [\"York\"]) > 0"
        default: "time since last(\(events())) in [1 hour, \(duration())]"
        }
    }

    mutating func value() -> String {
        switch number(0...11) {
        case 8: "\(pick(["average", "min", "max", "sum"]))(\(named("Order Completed", "total")))"
        case 9: "-\(pick(["count", "days active"]))(\(events()))"
        case 10: "distinct(\(named("Order Completed", pick(["address.city", "gift", "due"]))))"
        case 11: "count(\(named("Order Completed", "tags[]")))"
        case 0: "count(\(events()))"
        case 1: "sum(\(named("Order Completed", pick(["total", "products[].price", "value"]))))"
        case 2: "distinct(\(named("Order Completed", pick(["city", "products[].sku", "total"]))))"
        case 3: "days active(\(events()))"
        case 4: "\(pick(["min", "max", "average", "first", "last"]))(\(named("NPS Answered", "score")))"
        case 5: "count(\(named("Order Completed", "products[]")))"
        case 6: "max(\(named("Order Completed", "products[].price")))"
        default: "count(\(pick(Self.names.map { "\"\($0)\"" })) \(window()))"
        }
    }

    mutating func events() -> String {
        let name = chance(15) ? "any" : chance(20) ? "\"\(pick(Self.names))\" or \"\(pick(Self.names))\"" : "\"\(pick(Self.names))\""
        var filter = ""
        if chance(30) { filter = " where channel = \"\(pick(Self.channels))\"" }
        if chance(10) { filter = " where channel in [\"web\", \"store\"] and direction = \"in\"" }
        if name != "any", chance(20) { filter = " where path starts with \"/help\"" }
        if name != "any", chance(10) { filter = " where total > 20 or not (city = \"Leeds\")" }
        return name + filter + " " + window()
    }

    mutating func named(_ name: String, _ property: String) -> String {
        var filter = ""
        if property.hasPrefix("products"), chance(50) {
            filter = pick([" where category = \"shoes\"", " where price > 10", " where sku != \"a\" and total > 5"])
        }
        if !property.hasPrefix("products"), chance(25) { filter = " where channel != \"\(pick(Self.channels))\"" }
        return "\"\(name)\".\(property)\(filter) \(window())"
    }

    mutating func window() -> String {
        switch number(0...9) {
        case 0...2: ""
        case 3...5: "in last \(duration())"
        case 6: "since 2026-03-\(number(10...31))"
        case 7: "today"
        case 8: "this week"
        default: pick(["this month", "this year"])
        }
    }

    mutating func duration() -> String { pick(["1 hour", "6 hours", "1 day", "3 days", "2 weeks", "30 days", "90 min", "45 seconds"]) }

    mutating func step() -> String {
        let name = chance(25) ? "\"\(pick(Self.names))\" or \"\(pick(Self.names))\"" : "\"\(pick(Self.names))\""
        return chance(25) ? name + pick([" where channel = \"web\"", " where path starts with \"/help\"", " where total > 20"]) : name
    }

    mutating func sequence() -> String {
        var text = step()
        if chance(40) { text += " in last \(duration())" }
        for _ in 0..<number(1...3) {
            text += " then \(step())"
            if chance(70) { text += " within \(duration())" }
        }
        return text
    }

    mutating func unfollowed() -> String {
        "\(step())\(chance(50) ? " in last \(duration())" : "") not followed by \(step()) within \(duration())"
    }

    // MARK: Histories

    /// What somebody does, with ties in time and what comes late.
    mutating func properties(_ name: String) -> JSON {
        var members: [JSON.Member] = []
        if chance(80) { members.append(.init("total", .number(Double(number(-20...60))))) }
        if chance(70) { members.append(.init("city", .string(pick(["Leeds", "LEEDS", "York", "Hull", "Selby"])))) }
        if chance(50) {
            let days = (10...31).map { "2026-03-\($0)" }
            members.append(
                .init(
                    "due",
                    pick(days.map { .string($0) } + [.string("2026-03-25T12:00:00Z"), .string("2028-02-29"), .string("soon"), .number(3), .null])))
        }
        if chance(50) {
            members.append(.init("gift", pick([.bool(true), .bool(false), .string("Yes"), .string("no"), .string("maybe"), .number(1), .null])))
        }
        if chance(40) {
            members.append(
                .init("tags", pick([.array(["sale", "new"]), .array(["Sale"]), .array([]), .string("sale"), .array([.null, "new", "new"])])))
        }
        if chance(50) { members.append(.init("address", pick([["city": "York"], ["city": "Leeds", "zip": "x"], [:], .string("York"), .null]))) }
        if chance(50) { members.append(.init("path", .string(pick(["/help/returns", "/shoes", "/HELP", "/"])))) }
        if name == "NPS Answered", chance(90) { members.append(.init("score", chance(10) ? .null : .number(Double(number(0...10))))) }
        if chance(60) {
            var products: [JSON] = []
            for _ in 0..<number(0...3) {
                var inner: [JSON.Member] = [.init("sku", .string(pick(["a", "b", "c", "d"])))]
                if chance(80) { inner.append(.init("price", .number(Double(number(1...30))))) }
                if chance(70) { inner.append(.init("category", .string(pick(["shoes", "Hats"])))) }
                products.append(.object(inner))
            }
            members.append(.init("products", .array(products)))
        }
        return .object(members)
    }
}
