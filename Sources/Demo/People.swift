import Kernel

/// One person of the invented world, as numbers: words are made of them when an item is written.
struct Person: Sendable {
    enum Kind: UInt8, Sendable {
        /// Shops on the web and in the app, with an account.
        case online
        /// Has a loyalty card and no account.
        case store
        /// Rings, and has no account.
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
        /// We know who it is.
        static let joined = Flags(rawValue: 32)
        /// Gave an e-mail address without having an account.
        static let email = Flags(rawValue: 64)
    }

    /// What somebody got wrong, or what has changed, when a person that we know was written down a second time.
    enum Slip: UInt8, CaseIterable, Sendable { case nothing, given, surname, initial, moved }

    /// Another home, and from which moment on.
    struct Move: Sendable, Equatable {
        let at: Int64
        let town: UInt8
        let home: UInt32
    }

    let index: UInt32
    /// Who it truly is: the person's own index, or that of the one who stands in our books already under another account, card or
    /// number. Nothing that is sent says so: finding out is what the review of likely duplicates is for.
    var soul: UInt32
    var slip = Slip.nothing
    var kind: Kind
    var town: UInt8
    /// The number of the ``Home``: the first one, of somebody who moves.
    var home: UInt32
    var move: Move?
    var first: (group: UInt8, name: UInt8)
    var last: (group: UInt8, name: UInt8)
    /// The person's place among the numbers of the town or country; -1 when we have no number.
    var phone: Int32 = -1
    /// Whether the number is that of a mobile phone.
    var mobile: Bool
    var flags: Flags
    /// When the person first shows up, in milliseconds since 1970.
    var from: Int64
    /// Visits in a usual month.
    var pace: Double
    /// How many marks were made: tells the person's items apart.
    var marks: UInt32 = 0
    /// How the person feels about us, 0 to 10.
    var mood: Double
    /// After this moment hardly any visits.
    var until: Int64

    /// Where the person lives at a moment.
    func home(at moment: Int64) -> Home {
        guard let move, moment >= move.at else { return Home(home, in: town) }
        return Home(move.home, in: move.town)
    }
    /// The town of that moment.
    func town(at moment: Int64) -> Town {
        guard let move, moment >= move.at else { return Places.towns[Int(town)] }
        return Places.towns[Int(move.town)]
    }

    /// Whether the person stands in our books under another index too.
    var isSecond: Bool { soul != index }
    var hasEmail: Bool { kind == .online || flags.contains(.email) }
}

/// What two neighbours in number are to each other. Even numbers come first, and the odd one beside each is a stranger mostly.
enum Bond: Sendable {
    case strangers
    /// They live together; most of them have one surname.
    case household
    /// They live together and share a tablet.
    case tablet
    /// Parent and child of one name in one house.
    case namesakes
    /// They are one person, whom we have written down twice.
    case second

    init(_ index: UInt32, seed: UInt64) {
        switch SeededRandom.first(seed ^ UInt64(index / 2) &* 0xD1B5) % 10_000 {
        case ..<700: self = .tablet
        case ..<1700: self = .household
        case ..<1780: self = .second
        case ..<1784: self = .namesakes
        default: self = .strangers
        }
    }
}

/// Gives out the numbers that are reserved for fiction, each once: Ofcom's for drama in Britain, Arcep's for audiovisual works in France.
struct PhoneBook: Sendable {
    private var given: [Int: Int32] = [:]
    private static let mobileGB = -1
    private static let mobileFR = -2

    /// Gives a person a number, if one is left: that of a mobile phone where it asks for one and there is one.
    mutating func give(_ person: inout Person) {
        let place = Places.towns[Int(person.town)]
        if place.country == "FR" {
            // The French numbers for fiction that we use are all of mobile phones.
            person.mobile = true
            person.phone = take(Self.mobileFR, of: 10_000)
            return
        }
        if person.mobile { person.phone = take(Self.mobileGB, of: 1000) }
        guard person.phone < 0, place.numbers != nil else { return }
        person.mobile = false
        person.phone = take(Int(person.town), of: 1000)
    }

    private mutating func take(_ block: Int, of size: Int32) -> Int32 {
        let next = given[block, default: 0]
        guard next < size else { return -1 }
        given[block] = next + 1
        return next
    }

    /// Appends the number in the form of E.164: `+447700900123`.
    static func append(_ person: Person, to out: inout [UInt8]) {
        let place = Places.towns[Int(person.town)]
        out.put(place.country == "FR" ? "+3363998" : person.mobile ? "+447700900" : place.international)
        digits(person, to: &out)
    }

    /// Appends the number as the person typed it: `07700 900123`, `0113 496 0123`, `+33639980123`.
    static func appendTyped(_ person: Person, to out: inout [UInt8]) {
        let place = Places.towns[Int(person.town)]
        // Whoever lives abroad has to write the country.
        guard place.country == "GB", person.soul % 4 > 0 else { return append(person, to: &out) }
        let national = person.mobile ? "07700 900" : place.numbers ?? ""
        out.append(contentsOf: person.soul % 4 == 1 ? national.utf8.filter { $0 != 32 } : Array(national.utf8))
        digits(person, to: &out)
    }

    private static func digits(_ person: Person, to out: inout [UInt8]) {
        let number = Int(person.phone)
        if Places.towns[Int(person.town)].country == "FR" { out.append(UInt8(48 + number / 1000)) }
        for scale in [100, 10, 1] { out.append(UInt8(48 + number / scale % 10)) }
    }
}
