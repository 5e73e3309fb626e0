import Kernel
import Ledger

/// Traffic of a crowd: time-ordered sessions, few people with much and many with little (rank^2.5), half of whom sign in at
/// times, a fifth with a second device, so that people get joined. In the ledger everybody's interactions are mixed, as
/// arrival does.
struct Crowd {
    static let names = [
        "Page Viewed", "Product Viewed", "Products Searched", "Product Added", "Checkout Started", "Order Completed", "NPS Answered",
        "Complaint Received",
        "Email Opened", "Email Link Clicked", "Order Shipped", "Application Opened",
    ]
    private static let shares: [Double] = [0.30, 0.20, 0.08, 0.07, 0.03, 0.025, 0.02, 0.01, 0.10, 0.05, 0.015, 0.10]
    private static let cumulative: [Double] = {
        var sum = 0.0
        return shares.map {
            sum += $0
            return sum
        }
    }()
    private static let properties: [[UInt8]] = (0..<1000).map {
        Array(
            "{\"amount\":\($0).5,\"content\":\"item-\($0)\",\"url\":\"https://shop.example/products/\($0)\",\"title\":\"Product number \($0)\",\"currency\":\"GBP\"}"
                .utf8)
    }
    private static let hex = Array("0123456789abcdef".utf8)

    private struct Session {
        var who: UInt32
        var left: Int
        var channel: UInt8
        var second: Bool
        var known: Bool
    }

    private var random: SeededRandom
    private let people: Int
    private var sessions: [Session] = []

    init(seed: UInt64, people: Int) {
        random = SeededRandom(seed: seed)
        self.people = people
        for _ in 0..<64 { sessions.append(newSession()) }
    }

    private mutating func newSession() -> Session {
        let u = random.unit()
        let rank = min(people - 1, Int(Double(people) * u * u * u.squareRoot()))
        let who = UInt32(truncatingIfNeeded: (UInt64(rank) &* 2_654_435_761 &+ 12345) % UInt64(people))
        return Session(
            who: who, left: 1 + random.below(7), channel: UInt8(1 + random.below(6)), second: who % 5 == 0 && random.unit() < 0.3,
            known: who % 2 == 0 && random.unit() < 0.5)
    }

    /// What happens next: who (device and, when signed in, user), what, how.
    struct Happening {
        var device: String
        var user: String?
        var event: Int
        var channel: UInt8
        var value: Double?
        var properties: [UInt8]
        /// 32 hexadecimal digits.
        var message: [UInt8]
    }

    mutating func next() -> Happening {
        let k = random.below(sessions.count)
        if sessions[k].left == 0 { sessions[k] = newSession() }
        sessions[k].left -= 1
        let s = sessions[k]
        let x = random.unit() * Self.cumulative[11]
        var e = 0
        while e < 11 && x > Self.cumulative[e] { e += 1 }
        let value: Double? = e == 5 ? Double(random.below(50_000)) / 100 : e == 6 ? Double(random.below(11)) : nil
        var message: [UInt8] = []
        message.reserveCapacity(32)
        for _ in 0..<2 {
            var word = random.next()
            for _ in 0..<16 {
                message.append(Self.hex[Int(word & 15)])
                word >>= 4
            }
        }
        return Happening(
            device: (s.second ? "b-" : "a-") + String(s.who, radix: 16) + "-4e1b-8d2f", user: s.known ? "user-\(s.who)" : nil, event: e,
            channel: s.channel,
            value: value, properties: Self.properties[random.below(1000)], message: message)
    }

    /// Appends so many interactions as records; in 0.5 of 100 cases the same message twice.
    mutating func append(_ n: Int, to batch: inout Batch, key: FingerprintKey, at: (Int) -> Instant) {
        for i in 0..<n {
            let h = next()
            for _ in 0..<(random.unit() < 0.005 ? 2 : 1) { record(h, at(i), key, &batch) }
        }
    }

    private func record(_ h: Happening, _ at: Instant, _ key: FingerprintKey, _ batch: inout Batch) {
        h.message.withUnsafeBytes { message in
            var header = RecordHeader(at: at, receivedAt: at, message: key.message(message))
            header.channel = Channel(rawValue: h.channel)
            header.value = h.value
            var name = Self.names[h.event]
            name.withUTF8 { batch.begin(header, name: UnsafeRawBufferPointer($0), messageID: message) }
        }
        for (kind, value) in [(IdentifierKind.userID, h.user), (.anonymousID, h.device)] {
            guard var value else { continue }
            value.withUTF8 { batch.identifier(kind, UnsafeRawBufferPointer($0)) }
        }
        batch.properties { $0.append(contentsOf: h.properties) }
        batch.end()
    }

    /// A body of `POST /v1/batch` with so many items, about 400 bytes each, and where their message ids begin.
    mutating func body(_ n: Int, at: Instant) -> (bytes: [UInt8], messages: [Int]) {
        var out = Array("{\"batch\":[".utf8)
        var messages: [Int] = []
        for i in 0..<n {
            let h = next()
            if i > 0 { out.append(44) }
            out.append(contentsOf: "{\"type\":\"track\",\"event\":\"\(Self.names[h.event])\",\"messageId\":\"".utf8)
            messages.append(out.count)
            out.append(contentsOf: h.message)
            out.append(contentsOf: "\",\"anonymousId\":\"\(h.device)\"".utf8)
            if let user = h.user { out.append(contentsOf: ",\"userId\":\"\(user)\"".utf8) }
            out.append(contentsOf: ",\"timestamp\":\"\(at.rfc3339)\",\"properties\":".utf8)
            out.append(contentsOf: h.properties)
            out.append(
                contentsOf:
                    ",\"context\":{\"ip\":\"203.0.113.9\",\"locale\":\"en-GB\",\"userAgent\":\"Mozilla/5.0 (X11; Linux)\",\"library\":{\"name\":\"analytics.js\",\"version\":\"2.1\"}}}"
                    .utf8)
        }
        out.append(contentsOf: "]}".utf8)
        return (out, messages)
    }
}
