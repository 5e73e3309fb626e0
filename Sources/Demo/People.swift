import Kernel

/// One person of the invented world, as numbers: words are made of them when an item is written.
struct Person: Sendable {
    enum Kind: UInt8, Sendable {
        /// Shops on the web and in the app, with an account.
        case online
        /// Has a loyalty card and no account.
        case store
        /// Rings, and has nothing else.
        case phone
        /// Looks around and never says who it is.
        case visitor
    }

    /// What there is of a person besides an account.
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        static let app = Flags(rawValue: 1)
        static let card = Flags(rawValue: 2)
        static let news = Flags(rawValue: 4)
        static let texts = Flags(rawValue: 8)
        static let sharedTablet = Flags(rawValue: 16)
        static let joined = Flags(rawValue: 32)
    }

    let index: UInt32
    let kind: Kind
    let town: UInt8
    let first: (group: UInt8, name: UInt8)
    let last: (group: UInt8, name: UInt8)
    /// The person's place among the numbers of the town or country; -1 when we have no number.
    let phone: Int32
    /// Whether the number is that of a mobile phone.
    let mobile: Bool
    var flags: Flags
    /// When the person first shows up, in milliseconds since 1970.
    let from: Int64
    /// Visits in a usual month.
    let pace: Double
    /// How many marks were made: tells the person's items apart.
    var marks: UInt32 = 0
    /// How the person feels about us, 0 to 10.
    var mood: Double
    /// After this moment hardly any visits.
    var until: Int64
}

/// Gives out the numbers that are reserved for fiction, each once: Ofcom's for drama in Britain, Arcep's for audiovisual works in France.
struct PhoneBook: Sendable {
    private var given: [Int: Int32] = [:]
    private static let mobileGB = -1
    private static let mobileFR = -2

    /// A number for somebody in `town`; -1 when all are given.
    mutating func take(town: UInt8, mobile: Bool) -> Int32 {
        let place = Places.towns[Int(town)]
        let block = place.country == "FR" ? Self.mobileFR : mobile ? Self.mobileGB : Int(town)
        let size: Int32 = place.country == "FR" ? 10_000 : !mobile && place.numbers == nil ? 0 : 1000
        let next = given[block, default: 0]
        guard next < size else { return -1 }
        given[block] = next + 1
        return next
    }

    /// Appends the number in the form of E.164: `+447700900123`.
    static func append(_ person: Person, to out: inout [UInt8]) {
        let place = Places.towns[Int(person.town)]
        let prefix = place.country == "FR" ? "+3363998" : person.mobile ? "+447700900" : place.numbers ?? ""
        out.append(contentsOf: prefix.utf8)
        let number = Int(person.phone)
        if place.country == "FR" { out.append(UInt8(48 + number / 1000)) }
        for scale in [100, 10, 1] { out.append(UInt8(48 + number / scale % 10)) }
    }
}
