import Kernel

extension [UInt8] {
    /// Appends letters that need no escaping.
    @inline(__always) mutating func put(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
    /// Appends letters that need no escaping.
    @inline(__always) mutating func put(_ text: String) { append(contentsOf: text.utf8) }
    mutating func put(_ number: Int) { JSONText.append(Int64(number), to: &self) }
    /// Appends pence as pounds: `389.00`.
    mutating func put(pence: Int) {
        put(pence / 100)
        append(46)
        append(UInt8(48 + pence / 10 % 10))
        append(UInt8(48 + pence % 10))
    }
    mutating func put(time: Int64) { Instant(milliseconds: time).append(to: &self) }
}

/// Writes marks as items of the tracking API.
struct ItemPen {
    let seed: UInt64
    let campaigns: [Campaign]
    /// Stands in every messageId, so that another seed's items are others.
    private let stamp: String

    init(seed: UInt64, campaigns: [Campaign]) {
        self.seed = seed
        self.campaigns = campaigns
        stamp = Base32.text(SeededRandom.first(seed) >> 40, width: 5)
    }

    /// Appends the item of a mark.
    func append(_ mark: Mark, _ person: Person, _ order: Order?, to out: inout [UInt8]) {
        let call = Self.call(mark, person, order)
        out.put("{\"type\":\"")
        out.put(call.type)
        out.put("\",")
        if let name = call.event {
            out.put(call.type == "track" ? "\"event\":\"" : "\"name\":\"")
            out.put(name)
            out.put("\",")
        }
        out.put("\"messageId\":\"hp-")
        out.put(stamp)
        out.append(45)
        out.put(Base32.text(UInt64(mark.person) << 32 | UInt64(mark.sequence), width: 13))
        out.put("\",\"timestamp\":\"")
        out.put(time: mark.at)
        out.append(34)
        let outside = identify(mark, person, order, to: &out)
        out.put(",\"context\":{\"direction\":\"")
        out.put(call.direction)
        // What the carriers tell has no channel of its own until the blueprint gives it one.
        if call.channel != "other" {
            out.put("\",\"channel\":\"")
            out.put(call.channel)
        }
        out.append(34)
        context(mark, person, order, outside, to: &out)
        out.put(call.type == "identify" ? "},\"traits\":{" : "},\"properties\":{")
        properties(mark, person, order, to: &out)
        out.put("}}")
    }

    /// Call, event, channel and direction of a mark.
    private static func call(_ mark: Mark, _ person: Person, _ order: Order?) -> (type: String, event: String?, channel: String, direction: String) {
        let inApp = isInApp(mark)
        let place = person.kind == .store || order?.shop ?? false ? "store" : person.kind == .phone ? "phone" : inApp ? "app" : "web"
        switch mark.kind {
        case .page: return (inApp ? "screen" : "page", pages[Int(min(mark.detail, 10))].title, place, "in")
        case .product: return ("track", "Product Viewed", place, "in")
        case .added: return ("track", "Product Added", place, "in")
        case .checkout: return ("track", "Checkout Started", place, "in")
        case .ordered: return ("track", "Order Completed", place, "in")
        case .signedUp, .signedIn: return ("identify", nil, place, "in")
        case .welcomed, .confirmed, .campaignSent: return ("track", "Email Sent", "email", "out")
        case .shipped: return ("track", "Order Shipped", "other", "out")
        case .late: return ("track", "Delivery Late", "other", "internal")
        case .texted: return ("track", "SMS Sent", "sms", "out")
        case .delivered: return ("track", "Order Delivered", "other", "out")
        case .stopped: return ("track", "SMS Replied", "sms", "in")
        case .asked: return ("track", "Survey Sent", "email", "out")
        case .answered: return ("track", "Survey Answered", "email", "in")
        case .returning: return ("track", "Return Requested", place, "in")
        case .returned: return ("track", "Return Received", "other", "in")
        case .refunded: return ("track", "Order Refunded", "email", "out")
        case .called: return ("track", "Call Received", "phone", "in")
        case .chatIn: return ("track", "Message Received", "chat", "in")
        case .chatOut: return ("track", "Message Sent", "chat", "out")
        case .mailIn: return ("track", "Message Received", "email", "in")
        case .mailOut: return ("track", "Message Sent", "email", "out")
        case .socialIn: return ("track", "Message Received", "social", "in")
        case .socialOut: return ("track", "Message Sent", "social", "out")
        case .praised: return ("track", "Social Mention", "social", "in")
        case .reviewed: return ("track", "Review Written", "web", "in")
        case .campaignOpened: return ("track", "Email Opened", "email", "in")
        case .campaignClicked: return ("track", "Email Link Clicked", "email", "in")
        case .unsubscribed: return ("track", "Email Unsubscribed", "email", "in")
        case .shopVisited: return ("track", "Store Visited", "store", "in")
        case .moved: return ("track", "Address Changed", mark.detail == 1 ? "phone" : place, "in")
        case .settled: return ("identify", nil, mark.detail == 1 ? "phone" : place, "in")
        case .agreed: return ("track", "Consent Given", place, "in")
        case .tookBack: return ("track", "Consent Withdrawn", place, "in")
        }
    }

    /// The app is on some phones, and on every tablet that is shared.
    private static func isInApp(_ mark: Mark) -> Bool { mark.device >= 2 }

    static let pages: [(title: String, path: String)] = [
        ("Home", "/"), ("Tables and benches", "/tables-and-benches"), ("Chairs and sofas", "/chairs-and-sofas"), ("Bedroom", "/bedroom"),
        ("Lighting", "/lighting"), ("Kitchen", "/kitchen"), ("Storage", "/storage"), ("Garden", "/garden"), ("Small things", "/small-things"),
        ("Returns and refunds", "/help/returns"), ("Track your order", "/account/orders"),
    ]

    // MARK: who

    /// Which identifiers of other kinds belong to an item.
    private enum Outside { case nothing, loyalty, phone, email }

    /// Whether it happened on a device of the person's own.
    private static func isOnDevice(_ mark: Mark, _ person: Person, _ order: Order?) -> Bool {
        guard person.kind == .online || person.kind == .visitor else { return false }
        return switch mark.kind {
        case .page, .product, .added, .checkout, .signedUp, .signedIn, .returning, .chatIn, .agreed, .tookBack: true
        case .ordered: !(order?.shop ?? false)
        case .moved, .settled: mark.detail == 0
        default: false
        }
    }

    private func identify(_ mark: Mark, _ person: Person, _ order: Order?, to out: inout [UInt8]) -> Outside {
        let onDevice = Self.isOnDevice(mark, person, order)
        if onDevice {
            out.put(",\"anonymousId\":\"")
            device(mark.device, person, to: &out)
            out.append(34)
        }
        switch person.kind {
        case .online:
            if !onDevice || mark.way & Mark.signedIn != 0 {
                out.put(",\"userId\":\"")
                out.put(Self.account(person))
                out.append(34)
            }
            if mark.kind == .called || mark.kind == .texted || mark.kind == .stopped { return person.phone >= 0 ? .phone : .nothing }
            return mark.kind == .mailIn ? .email : .nothing
        case .store: return .loyalty
        case .phone:
            // The switchboard gives whoever calls a contact of its own.
            out.put(",\"anonymousId\":\"caller-")
            out.put(Base32.text(SeededRandom.first(seed ^ UInt64(person.index) << 8 ^ 0xCA11) >> 24, width: 8))
            out.append(34)
            return .phone
        case .visitor: return .nothing
        }
    }

    static func account(_ person: Person) -> String { String(88_000 + Int(person.index)) }
    /// As it was written down: see ``Person/Slip``.
    static func first(_ person: Person) -> String {
        let name = trueFirst(person)
        return switch person.slip {
        case .given: Names.misspelt(name, by: person.home)
        case .initial: name.prefix(1) + "."
        case .nothing, .surname, .moved: name
        }
    }
    static func last(_ person: Person) -> String {
        let name = Names.groups[Int(person.last.group)].last[Int(person.last.name)]
        return person.slip == .surname ? Names.misspelt(name, by: person.home) : name
    }
    private static func trueFirst(_ person: Person) -> String { Names.groups[Int(person.first.group)].first[Int(person.first.name)] }
    static func email(_ person: Person) -> String {
        let host = ["example.com", "example.org", "example.net"][Int(person.index) % 3]
        // Who has two addresses does not write them the same way.
        if person.isSecond { return "\(Names.plain(trueFirst(person)))\(person.index)@\(host)" }
        return "\(Names.plain(trueFirst(person))).\(Names.plain(last(person)))\(person.index)@\(host)"
    }
    static func card(_ person: Person) -> String { "4410\(10_000_000 + Int(person.index) * 37)" }

    /// A device's anonymous id, in the form of a UUID of version 4. A shared tablet is the same for both neighbours in number.
    private func device(_ device: UInt8, _ person: Person, to out: inout [UInt8]) {
        uuid(Self.owner(of: device, person) << 3 ^ UInt64(device), to: &out)
    }

    private static func owner(of device: UInt8, _ person: Person) -> UInt64 {
        device == 3 ? UInt64(person.index / 2) | 1 << 40 : UInt64(person.index)
    }

    private func uuid(_ number: UInt64, to out: inout [UInt8]) {
        var random = SeededRandom(seed: seed ^ number)
        let high = random.next() & ~0xF000 | 0x4000
        let low = random.next() & ~(3 << 62) | 2 << 62
        func hex(_ word: UInt64, from: Int, _ digits: Int) {
            for i in 0..<digits {
                let nibble = UInt8(word >> UInt64(60 - 4 * (from + i)) & 15)
                out.append(nibble < 10 ? 48 + nibble : 87 + nibble)
            }
        }
        hex(high, from: 0, 8)
        out.append(45)
        hex(high, from: 8, 4)
        out.append(45)
        hex(high, from: 12, 4)
        out.append(45)
        hex(low, from: 0, 4)
        out.append(45)
        hex(low, from: 4, 12)
    }

    // MARK: context

    private func context(_ mark: Mark, _ person: Person, _ order: Order?, _ outside: Outside, to out: inout [UInt8]) {
        if Self.isInApp(mark), Self.isOnDevice(mark, person, order) { app(mark, person, to: &out) }
        switch mark.kind {
        case .page: page(mark, to: &out)
        case .campaignSent, .campaignOpened, .campaignClicked, .unsubscribed:
            out.put(",\"media\":\"owned\"")
            campaign(campaigns[Int(mark.about)], to: &out)
        case .praised: out.put(",\"media\":\"earned\"")
        case .welcomed, .confirmed, .texted, .asked: out.put(",\"media\":\"owned\"")
        default: break
        }
        switch outside {
        case .nothing: return
        case .loyalty:
            out.put(",\"externalIds\":[{\"type\":\"loyalty_id\",\"collection\":\"users\",\"encoding\":\"none\",\"id\":\"")
            out.put(Self.card(person))
        case .phone:
            out.put(",\"externalIds\":[{\"type\":\"phone\",\"collection\":\"users\",\"encoding\":\"none\",\"id\":\"")
            PhoneBook.append(person, to: &out)
        case .email:
            out.put(",\"externalIds\":[{\"type\":\"email\",\"collection\":\"users\",\"encoding\":\"none\",\"id\":\"")
            out.put(Self.email(person))
        }
        out.put("\"}]")
    }

    /// What the app tells of itself: the device has an id of its own beside that of the app's installation.
    private func app(_ mark: Mark, _ person: Person, to out: inout [UInt8]) {
        let owner = Self.owner(of: mark.device, person)
        out.put(",\"device\":{\"id\":\"")
        uuid(owner << 3 ^ UInt64(mark.device) ^ 0xDE71CE << 44, to: &out)
        out.put(owner % 5 < 2 ? "\",\"type\":\"android\"}" : "\",\"type\":\"ios\"}")
        out.put(",\"app\":{\"name\":\"Harbour & Pine\"}")
    }

    private func campaign(_ campaign: Campaign, to out: inout [UInt8]) {
        out.put(",\"campaign\":{\"name\":\"")
        out.put(campaign.name)
        out.put("\",\"source\":\"newsletter\",\"medium\":\"email\"}")
    }

    private func page(_ mark: Mark, to out: inout [UInt8]) {
        let page = Self.pages[Int(min(mark.detail, 10))]
        if Self.isInApp(mark) { return }
        out.put(",\"page\":{\"path\":\"")
        out.put(page.path)
        out.put("\",\"title\":\"")
        out.put(page.title)
        out.put("\",\"url\":\"https://harbourandpine.example")
        out.put(page.path)
        switch Mark.Way(rawValue: mark.way & ~Mark.signedIn) ?? .direct {
        case .direct: out.put("\"}")
        case .search: out.put("\",\"referrer\":\"https://www.google.com/\"}")
        case .earned: out.put("\",\"referrer\":\"https://lowtidekitchen.example/journal\"}")
        case .paid: out.put("\"},\"campaign\":{\"name\":\"Oak all year\",\"source\":\"google\",\"medium\":\"cpc\"}")
        case .letter:
            out.put("\"}")
            if mark.about != Mark.none { campaign(campaigns[Int(mark.about)], to: &out) }
        }
    }
}
