import Kernel

/// A town where customers live, the shop that is near, and the numbers that are reserved for fiction there.
struct Town: Sendable {
    let name: String
    let country: String
    /// Outward codes in Britain, whole postcodes in France.
    let districts: [String]
    /// Northway delivers here, whose depot in Preston had a bad autumn.
    let north: Bool
    /// The shop of ours in this town or near it; nil when none is.
    let shop: String?
    let weight: Int
    /// What the thousand numbers begin with that Ofcom reserves for drama in this area, as people write it; nil when there are none.
    let numbers: String?
    /// The same in the form of E.164.
    let international: String

    init(_ name: String, _ districts: String, weight: Int, north: Bool = false, shop: String? = nil, numbers: String? = nil, country: String = "GB") {
        self.name = name
        self.country = country
        self.districts = districts.split(separator: " ").map(String.init)
        self.north = north
        self.shop = shop
        self.weight = weight
        self.numbers = numbers
        international = "+44" + (numbers ?? "0").filter { $0 != " " }.dropFirst()
    }
}

enum Places {
    static let towns: [Town] = [
        Town("London", "SE15 SE22 E8 N16 NW5 SW9 W12 SE4 E17 N4", weight: 24, shop: "London Bermondsey", numbers: "020 7946 0"),
        Town("Leeds", "LS6 LS7 LS8 LS12", weight: 10, north: true, shop: "Leeds Kirkgate", numbers: "0113 496 0"),
        Town("Sheffield", "S7 S8 S10 S11", weight: 7, north: true, numbers: "0114 496 0"),
        Town("Manchester", "M14 M20 M21 M33", weight: 10, north: true, shop: "Manchester Ancoats", numbers: "0161 496 0"),
        Town("Liverpool", "L8 L15 L17 L18", weight: 6, north: true, numbers: "0151 496 0"),
        Town("Newcastle", "NE2 NE3 NE6", weight: 5, north: true, shop: "York Stonegate", numbers: "0191 498 0"),
        Town("York", "YO10 YO23 YO24", weight: 4, north: true, shop: "York Stonegate"),
        Town("Nottingham", "NG2 NG5 NG7", weight: 5, numbers: "0115 496 0"),
        Town("Leicester", "LE2 LE3", weight: 5, numbers: "0116 496 0"),
        Town("Birmingham", "B13 B14 B17 B29", weight: 8, numbers: "0121 496 0"),
        Town("Bristol", "BS3 BS5 BS6 BS7", weight: 9, shop: "Bristol Quayside", numbers: "0117 496 0"),
        Town("Reading", "RG1 RG4 RG30", weight: 4, numbers: "0118 496 0"),
        Town("Edinburgh", "EH3 EH6 EH9", weight: 7, shop: "Edinburgh Leith", numbers: "0131 496 0"),
        Town("Glasgow", "G12 G41 G42", weight: 5, numbers: "0141 496 0"),
        Town("Cardiff", "CF5 CF11 CF14", weight: 4, numbers: "029 2018 0"),
        Town("Belfast", "BT5 BT7 BT9", weight: 4, numbers: "028 9649 6"),
        Town("Lyon", "69001 69003 69004 69006 69007", weight: 3, country: "FR"),
        Town("Nantes", "44000 44100 44300", weight: 3, country: "FR"),
        Town("Lille", "59000 59800", weight: 3, country: "FR"),
    ]

    /// Towns by how many live there: each as often as its weight.
    static let drawn: [UInt8] = towns.indices.flatMap { [UInt8](repeating: UInt8($0), count: towns[$0].weight) }
    static let carriers = ["Northway", "Calder Post", "Brightvan"]
    static let agents = [
        "Tom Okafor", "Jonas Weber", "Marta Lindqvist", "Imani Clarke", "Pavel Novotny", "Shreya Nair", "Owen Price", "Lucía Ferrer",
    ]

    fileprivate static let streetsGB: [String] = {
        let first = [
            "Alder", "Anchor", "Beech", "Bridge", "Canal", "Chapel", "Cooper", "Dyer", "Elm", "Ferry", "Foundry", "Garth", "Hawthorn", "Holly",
            "Ivy", "Kiln", "Lime", "Linden", "Mill", "Orchard", "Quarry", "Ropewalk", "Saddler", "Station", "Tanner", "Thorn", "Union", "Weaver",
            "Willow", "Wool",
        ]
        let second = ["Street", "Road", "Lane", "Terrace", "Avenue", "Close", "Crescent", "Gardens", "Grove", "Hill", "Place", "Row"]
        return first.flatMap { a in second.map { "\(a) \($0)" } }
    }()
    fileprivate static let streetsFR: [String] = {
        let first = ["rue", "avenue", "impasse", "allée", "quai", "chemin"]
        let second = [
            "des Tilleuls", "du Moulin", "des Tanneurs", "de la Fontaine", "des Lilas", "du Vieux Pont", "des Acacias", "de la Gare", "des Peupliers",
            "du Lavoir", "des Vignes", "de la Chapelle", "des Cordiers", "du Verger", "des Mouettes", "de la Source", "des Platanes", "du Puits",
        ]
        return first.flatMap { a in second.map { "\(a) \($0)" } }
    }()
}

/// Where somebody lives. All of it follows from the town and one number: a street that is invented, a house in it, and a postcode
/// that is the same for a stretch of the street, as in Britain, and for a part of the town, as in France.
struct Home {
    let town: Town
    /// `27 Quarry Lane`, `Flat 3, 8 Elm Row`, `14 rue du Moulin`.
    let street: String
    let postcode: String

    init(_ number: UInt32, in town: UInt8) {
        self.town = Places.towns[Int(town)]
        var rest = Int(number)
        func take(_ count: Int) -> Int {
            defer { rest /= count }
            return rest % count
        }
        let streets = self.town.country == "FR" ? Places.streetsFR : Places.streetsGB
        let street = take(streets.count)
        let house = 1 + take(180)
        let flat = take(6) == 0 ? 1 + take(9) : 0
        var random = SeededRandom(seed: UInt64(town) << 32 ^ UInt64(street) << 8 ^ UInt64(house / 24))
        let district = self.town.districts[SeededRandom(seed: UInt64(town) << 16 ^ UInt64(street)).drawn(self.town.districts.count)]
        if self.town.country == "FR" {
            self.street = "\(house) \(streets[street])"
            postcode = district
        } else {
            self.street = flat > 0 ? "Flat \(flat), \(house) \(streets[street])" : "\(house) \(streets[street])"
            // The letters that the inward part of a postcode may have.
            let letters = Array("ABDEFGHJLNPQRSTUWXYZ")
            postcode = "\(district) \(1 + random.below(9))\(letters[random.below(20)])\(letters[random.below(20)])"
        }
    }
}

extension SeededRandom {
    /// The first number below `count` that it gives.
    fileprivate func drawn(_ count: Int) -> Int {
        var random = self
        return random.below(count)
    }
}
