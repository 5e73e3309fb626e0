import Kernel
import Rendering

/// The properties of one interaction, found by their names however a sender spells them: `order_id`, `orderId` and `Order ID` are one.
struct Properties: Sendable {
    let members: [JSON.Member]
    private let byName: [String: JSON]

    init(_ json: JSON?) {
        members = json?.members ?? []
        var found: [String: JSON] = Dictionary(minimumCapacity: members.count)
        for member in members where !member.value.isNull { found[Self.plain(member.key)] = member.value }
        byName = found
    }

    /// Letters and digits alone, in lower case.
    static func plain(_ name: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(name.utf8.count)
        for byte in name.utf8 {
            switch byte {
            case 65...90: out.append(byte | 32)
            case 48...57, 97...122, 128...: out.append(byte)
            default: break
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The first of these that is there. Names are given in their plain form.
    func value(_ names: [String]) -> JSON? {
        for name in names { if let found = byName[name] { return found } }
        return nil
    }

    /// The first of these that is text or a number, in one line.
    func text(_ names: String...) -> String? { text(names) }
    func text(_ names: [String]) -> String? {
        for name in names {
            switch byName[name] {
            case .string(let text):
                let trimmed = text.trimmed
                if !trimmed.isEmpty { return trimmed.count > 160 ? String(trimmed.prefix(159)) + "…" : trimmed }
            case .integer(let number): return String(number)
            case .number(let number): return Formats.number(number)
            default: continue
            }
        }
        return nil
    }

    /// The first of these that is a number, or text that is one.
    func number(_ names: String...) -> Double? { number(names) }
    func number(_ names: [String]) -> Double? {
        for name in names {
            if let number = byName[name]?.double { return number }
            if let number = byName[name]?.string.flatMap({ Double($0.trimmed) }), number.isFinite { return number }
        }
        return nil
    }
    func bool(_ names: String...) -> Bool? {
        for name in names { if let found = byName[name]?.bool { return found } }
        return nil
    }

    /// The amount that one of these names, in the currency beside it.
    func money(_ names: String...) -> String? { number(names).map { Formats.money($0, text("currency", "currencycode")) } }

    /// What was bought or looked at: `Tarn oak bench`, `2 × Fell candle`, `Tarn oak bench and 2 more`.
    var things: String? {
        let lists = value(["products", "items", "lineitems", "lines"])?.array ?? []
        if let first = lists.first {
            let item = Properties(first)
            guard let name = item.text("name", "productname", "title", "product", "description", "sku", "productid") else {
                return Formats.counted(lists.count, "item")
            }
            let quantity = item.number("quantity", "qty") ?? 1
            let one = quantity > 1 ? Formats.number(quantity) + " × " + name : name
            return lists.count == 1 ? one : one + " and " + Formats.number(lists.count - 1) + " more"
        }
        if let count = number("itemcount", "itemscount", "numitems") { return Formats.counted(Int(clamping: Int64(min(max(count, 0), 1e9))), "item") }
        return text("productname", "product", "itemname")
    }

    /// What an order is called: `order HP-40817`.
    var order: String? { text("orderid", "ordernumber", "orderno", "order", "invoiceno", "invoice", "purchaseid").map { "order " + $0 } }

    /// What somebody said in their own words, whole.
    var words: String? {
        for name in Self.wordNames {
            if let text = byName[name]?.string?.trimmed, !text.isEmpty { return text }
        }
        return nil
    }
    private static let wordNames = [
        "text", "comment", "message", "answer", "body", "review", "reviewbody", "feedback", "verbatim", "reviewcommentmessage", "question",
        "complaint", "content",
    ]
    /// What one of us wrote about it for colleagues, as after a call.
    var note: String? { byName["note"]?.string?.trimmed ?? byName["agentnote"]?.string?.trimmed }
    /// Whether a property of this name holds somebody's words.
    static func isWords(_ name: String) -> Bool { wordNames.contains(plain(name)) }

    /// What is left to say below a sentence: what was said stands there in full, and the numbers by which the house itself knows a note
    /// and its author say nothing to anybody.
    /// - Parameter isNote: Whether it is a colleague's note; a customer's event may have its name.
    static func notTold(_ members: [JSON.Member], isNote: Bool, _ told: [String]) -> [JSON.Member] {
        let ours: Set<String> = isNote ? ["note_id", "author", "author_name", "mentions"] : []
        return members.filter { member in
            !(isWords(member.key) && member.value.string.map { told.contains($0.trimmed) } == true) && !ours.contains(member.key)
        }
    }

    /// Up to three properties that tell something, for an event the catalogue does not know.
    func telling(_ formats: Formats) -> [String] {
        var found: [String] = []
        for member in members where found.count < 3 {
            let plain = Self.plain(member.key)
            if Self.isWords(plain) || plain.isEmpty || Self.technical.contains(where: { plain.hasSuffix($0) }) { continue }
            switch member.value {
            case .string(let text) where (1...48).contains(text.trimmed.count):
                found.append(Self.words(of: member.key) + " " + (formats.readable(text.trimmed) ?? text.trimmed))
            case .integer(let number): found.append(Self.words(of: member.key) + " " + Formats.number(Int(clamping: number)))
            case .number(let number): found.append(Self.words(of: member.key) + " " + Formats.number(number, places: 2))
            case .bool(true): found.append(Self.words(of: member.key))
            default: continue
            }
        }
        return found
    }
    private static let technical = ["id", "hash", "token", "url", "uuid", "useragent", "version", "timestamp", "createdat", "updatedat", "ip"]

    /// A name as people write it: `shippingMethod` and `shipping_method` are `shipping method`.
    static func words(of key: String) -> String {
        var out = ""
        var wasLower = false
        for character in key {
            if character == "_" || character == "-" || character == "." || character == " " {
                if !out.isEmpty, out.last != " " { out.append(" ") }
                wasLower = false
            } else if character.isUppercase, wasLower {
                out.append(" " + character.lowercased())
                wasLower = false
            } else {
                out.append(contentsOf: character.lowercased())
                wasLower = character.isLowercase || character.isNumber
            }
        }
        return acronyms.contains(out.trimmed) ? out.trimmed.uppercased() : out.trimmed
    }
    private static let acronyms: Set<String> = ["id", "url", "nps", "csat", "ces", "sku", "sms", "ip", "vip", "uri"]
}

/// A property as a line of the table of details: nested objects and lists are further lines, set in by `depth`.
struct PropertyRow: Sendable, Equatable {
    var name: String
    /// Nil for the head of something nested.
    var value: String?
    var depth: Int
    /// The customer's own words.
    var isVoice: Bool
    /// What was sent, where ``value`` says it another way: a time as programs write it.
    var sent: String?

    /// The most lines of one table; what is left out is said in words.
    static let maximum = 80
    /// The most characters of one value that a page shows; the API has the whole.
    static let maximumValue = 1500
    /// Nested deeper than this is shown as JSON text.
    static let maximumDepth = 4

    /// The rows of an object, and how many were left out. Times are written as on the rest of the page.
    static func rows(of members: [JSON.Member], isFromCustomer: Bool, _ formats: Formats) -> (rows: [PropertyRow], more: Int) {
        var rows: [PropertyRow] = []
        var more = 0
        func add(_ name: String, _ value: JSON, _ depth: Int) {
            if rows.count >= maximum {
                more += 1
                return
            }
            switch value {
            case .object(let inner) where !inner.isEmpty && depth < maximumDepth:
                rows.append(PropertyRow(name: name, value: nil, depth: depth, isVoice: false))
                for member in inner { add(member.key, member.value, depth + 1) }
            case .array(let inner) where inner.contains(where: { $0.members != nil || $0.array != nil }) && depth < maximumDepth:
                rows.append(PropertyRow(name: name, value: nil, depth: depth, isVoice: false))
                for (i, element) in inner.enumerated() { add(String(i + 1), element, depth + 1) }
            case .array(let inner) where !inner.isEmpty:
                rows.append(PropertyRow(name: name, value: cut(inner.map(plain).joined(separator: ", ")), depth: depth, isVoice: false))
            default:
                let isVoice = isFromCustomer && value.string != nil && Properties.isWords(name)
                let readable = value.string.flatMap(formats.readable)
                rows.append(
                    PropertyRow(
                        name: name, value: readable ?? cut(plain(value)), depth: depth, isVoice: isVoice, sent: readable == nil ? nil : value.string))
            }
        }
        for member in members { add(member.key, member.value, 0) }
        return (rows, more)
    }

    static func plain(_ value: JSON) -> String {
        switch value {
        case .null: "nothing"
        case .bool(let yes): yes ? "yes" : "no"
        case .integer(let number): String(number)
        case .number(let number): Formats.number(number)
        case .string(let text): text.isEmpty ? "empty" : text
        case .array(let inner):
            inner.isEmpty ? "none" : inner.contains { $0.members != nil || $0.array != nil } ? value.text : inner.map(plain).joined(separator: ", ")
        case .object(let inner): inner.isEmpty ? "none" : value.text
        }
    }
    private static func cut(_ text: String) -> String {
        guard text.utf8.count > maximumValue else { return text }
        let start = text.prefix(maximumValue)
        return start.count < text.count ? start + "…" : text
    }

    var fields: Fields {
        [
            "name": name, "value": value, "depth": depth > 0 ? "is-in-\(min(depth, 4))" : nil, "isVoice": isVoice, "isHead": value == nil,
            "sent": sent,
        ]
    }
}
