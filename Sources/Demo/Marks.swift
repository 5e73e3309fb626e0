/// What happened to one person at one moment: 24 bytes that an item is written from later, so that a million of them fit in memory.
struct Mark: Sendable {
    enum Kind: UInt8, Sendable {
        case page, product, added, checkout, ordered
        case signedUp, signedIn, welcomed
        case confirmed, shipped, late, texted, delivered, stopped
        case asked, answered
        case returning, returned, refunded
        case called, chatIn, chatOut, mailIn, mailOut, socialIn, socialOut, praised, reviewed
        case campaignSent, campaignOpened, campaignClicked, unsubscribed
        case shopVisited
        case moved, settled
        case agreed, tookBack
    }

    /// Milliseconds since 1970.
    let at: Int64
    let person: UInt32
    /// The place among the person's marks.
    let sequence: UInt32
    /// The order or campaign that it is about, or ``none``.
    let about: UInt32
    let kind: Kind
    /// Which device: 0 laptop, 1 phone, 2 app, 3 tablet.
    let device: UInt8
    /// Product, page, score, topic or ``Agreement``, as the kind has it; of a move 1 when it was told on the phone.
    let detail: UInt8
    /// ``signedIn`` and the ways that lead to us.
    let way: UInt8

    static let none = UInt32.max

    /// Set in `way` when the person is signed in on the device.
    static let signedIn: UInt8 = 128
    /// How a visit began: nothing, a search, an advertisement, a letter of ours, somebody's word.
    enum Way: UInt8 { case direct, search, paid, letter, earned }

    static func inOrder(_ a: Mark, _ b: Mark) -> Bool {
        a.at != b.at ? a.at < b.at : a.person != b.person ? a.person < b.person : a.sequence < b.sequence
    }
}

/// What one person bought at one time.
struct Order: Sendable {
    let person: UInt32
    /// The products and how many of each; at most three.
    var lines: [(product: UInt8, quantity: UInt8)]
    let at: Int64
    /// The end of the day we promised.
    var promised: Int64
    var delivered: Int64
    /// Bought in a shop and taken along.
    let shop: Bool
    let carrier: UInt8
    /// Given when all orders are known, in the order of time.
    var number: UInt32 = 0

    /// In pence, without delivery.
    var total: Int { lines.reduce(0) { $0 + Catalogue.products[Int($1.product)].price * Int($1.quantity) } }
    /// In pence.
    var shipping: Int { shop || total >= 15_000 && total < 30_000 ? 0 : total >= 30_000 ? 3900 : 495 }
    /// Whole days after the promised one; 0 when on time.
    var daysLate: Int { delivered <= promised ? 0 : Int((delivered - promised) / Time.day) + 1 }
}

enum Time {
    static let minute: Int64 = 60_000
    static let hour: Int64 = 3_600_000
    static let day: Int64 = 86_400_000
}

/// A letter of news that goes to whoever wants it.
struct Campaign: Sendable {
    let at: Int64
    let name: String
    let slug: String
}
