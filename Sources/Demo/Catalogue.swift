/// What Harbour & Pine sells.
struct Product: Sendable {
    let sku: String
    let name: String
    let category: String
    /// In pence.
    let price: Int
    /// How much more often than others it is looked at.
    let weight: Int

    /// The name as part of an address: `tarn-oak-bench`.
    let slug: String

    init(_ sku: String, _ name: String, _ category: String, _ price: Int, _ weight: Int) {
        self.sku = sku
        self.name = name
        self.category = category
        self.price = price
        self.weight = weight
        slug = name.lowercased().split(separator: " ").joined(separator: "-")
    }
}

enum Catalogue {
    static let products: [Product] = [
        Product("HP-T101", "Tarn oak bench", "Tables and benches", 38_900, 5),
        Product("HP-T102", "Tarn oak table", "Tables and benches", 89_500, 3),
        Product("HP-T110", "Quay folding table", "Tables and benches", 21_500, 3),
        Product("HP-T120", "Staithe side table", "Tables and benches", 14_900, 4),
        Product("HP-T131", "Larder stool", "Tables and benches", 8_900, 4),
        Product("HP-C201", "Rowan chair", "Chairs and sofas", 17_500, 4),
        Product("HP-C202", "Rowan armchair", "Chairs and sofas", 46_000, 3),
        Product("HP-C210", "Slipway sofa", "Chairs and sofas", 129_000, 2),
        Product("HP-C221", "Net loft daybed", "Chairs and sofas", 74_500, 1),
        Product("HP-B301", "Pilot bed frame", "Bedroom", 64_000, 2),
        Product("HP-B310", "Tidewater linen set", "Bedroom", 13_500, 4),
        Product("HP-B311", "Tidewater pillowcases", "Bedroom", 3_900, 5),
        Product("HP-B320", "Merino throw", "Bedroom", 8_900, 6),
        Product("HP-B330", "Wool blanket chest", "Bedroom", 32_000, 1),
        Product("HP-L401", "Fell lantern", "Lighting", 4_200, 7),
        Product("HP-L402", "Fell lantern large", "Lighting", 6_800, 4),
        Product("HP-L410", "Beacon floor lamp", "Lighting", 15_900, 3),
        Product("HP-L411", "Beacon desk lamp", "Lighting", 9_400, 4),
        Product("HP-L420", "Pressed glass pendant", "Lighting", 12_500, 3),
        Product("HP-K501", "Stoneware dinner set", "Kitchen", 11_800, 5),
        Product("HP-K502", "Stoneware mug pair", "Kitchen", 2_600, 7),
        Product("HP-K510", "Enamel casserole", "Kitchen", 7_900, 5),
        Product("HP-K511", "Enamel kettle", "Kitchen", 6_400, 4),
        Product("HP-K520", "Ash chopping board", "Kitchen", 3_400, 6),
        Product("HP-K530", "Waxed apron", "Kitchen", 4_800, 3),
        Product("HP-S601", "Cooper shelf", "Storage", 18_900, 3),
        Product("HP-S602", "Cooper wardrobe", "Storage", 98_000, 1),
        Product("HP-S610", "Willow log basket", "Storage", 5_900, 4),
        Product("HP-S611", "Willow laundry basket", "Storage", 7_200, 4),
        Product("HP-S620", "Peg rail of beech", "Storage", 3_900, 5),
        Product("HP-G701", "Harbour garden chair", "Garden", 12_900, 3),
        Product("HP-G702", "Harbour garden table", "Garden", 34_500, 2),
        Product("HP-G710", "Zinc planter", "Garden", 4_600, 5),
        Product("HP-G720", "Hearth fire bowl", "Garden", 19_900, 2),
        Product("HP-D801", "Beeswax candles", "Small things", 1_100, 9),
        Product("HP-D802", "Cedar drawer sachets", "Small things", 900, 6),
        Product("HP-D810", "Wood care oil", "Small things", 1_600, 6),
        Product("HP-D820", "Driftwood mirror", "Small things", 8_400, 3),
        Product("HP-D830", "Letterpress calendar", "Small things", 1_800, 4),
        Product("HP-D840", "Wool door wreath", "Small things", 3_200, 4),
    ]

    /// Products by how often they are looked at: each as often as its weight.
    static let drawn: [UInt8] = products.indices.flatMap { [UInt8](repeating: UInt8($0), count: products[$0].weight) }
}

/// A town where customers live, the shop that is near, and the numbers that are reserved for fiction there.
struct Town: Sendable {
    let name: String
    let country: String
    let postcode: String
    /// Northway delivers here, whose depot in Preston had a bad autumn.
    let north: Bool
    /// The shop of ours in this town or near it; nil when none is.
    let shop: String?
    let weight: Int
    /// What the thousand numbers begin with that Ofcom reserves for drama in this area; nil when there are none.
    let numbers: String?
}

enum Places {
    static let towns: [Town] = [
        Town(name: "London", country: "GB", postcode: "SE15", north: false, shop: "London Bermondsey", weight: 24, numbers: "+442079460"),
        Town(name: "Leeds", country: "GB", postcode: "LS6", north: true, shop: "Leeds Kirkgate", weight: 10, numbers: "+441134960"),
        Town(name: "Sheffield", country: "GB", postcode: "S7", north: true, shop: nil, weight: 7, numbers: "+441144960"),
        Town(name: "Manchester", country: "GB", postcode: "M21", north: true, shop: "Manchester Ancoats", weight: 10, numbers: "+441614960"),
        Town(name: "Liverpool", country: "GB", postcode: "L17", north: true, shop: nil, weight: 6, numbers: "+441514960"),
        Town(name: "Newcastle", country: "GB", postcode: "NE6", north: true, shop: "York Stonegate", weight: 5, numbers: "+441914980"),
        Town(name: "York", country: "GB", postcode: "YO23", north: true, shop: "York Stonegate", weight: 4, numbers: nil),
        Town(name: "Nottingham", country: "GB", postcode: "NG5", north: false, shop: nil, weight: 5, numbers: "+441154960"),
        Town(name: "Leicester", country: "GB", postcode: "LE2", north: false, shop: nil, weight: 5, numbers: "+441164960"),
        Town(name: "Birmingham", country: "GB", postcode: "B13", north: false, shop: nil, weight: 8, numbers: "+441214960"),
        Town(name: "Bristol", country: "GB", postcode: "BS3", north: false, shop: "Bristol Quayside", weight: 9, numbers: "+441174960"),
        Town(name: "Reading", country: "GB", postcode: "RG4", north: false, shop: nil, weight: 4, numbers: "+441184960"),
        Town(name: "Edinburgh", country: "GB", postcode: "EH6", north: false, shop: "Edinburgh Leith", weight: 7, numbers: "+441314960"),
        Town(name: "Glasgow", country: "GB", postcode: "G42", north: false, shop: nil, weight: 5, numbers: "+441414960"),
        Town(name: "Cardiff", country: "GB", postcode: "CF11", north: false, shop: nil, weight: 4, numbers: "+442920180"),
        Town(name: "Belfast", country: "GB", postcode: "BT7", north: false, shop: nil, weight: 4, numbers: "+442896496"),
        Town(name: "Lyon", country: "FR", postcode: "69004", north: false, shop: nil, weight: 3, numbers: nil),
        Town(name: "Nantes", country: "FR", postcode: "44000", north: false, shop: nil, weight: 3, numbers: nil),
        Town(name: "Lille", country: "FR", postcode: "59800", north: false, shop: nil, weight: 3, numbers: nil),
    ]

    /// Towns by how many live there: each as often as its weight.
    static let drawn: [UInt8] = towns.indices.flatMap { [UInt8](repeating: UInt8($0), count: towns[$0].weight) }
    static let carriers = ["Northway", "Calder Post", "Brightvan"]
    static let agents = [
        "Tom Okafor", "Jonas Weber", "Marta Lindqvist", "Imani Clarke", "Pavel Novotny", "Shreya Nair", "Owen Price", "Lucía Ferrer",
    ]
}

/// Invented people's names, by where families come from; most people have both names from one group.
enum Names {
    static let groups: [(first: [String], last: [String])] = [
        (
            [
                "Alice", "Callum", "Edith", "Gareth", "Harriet", "Imogen", "Jack", "Kirsty", "Martin", "Ottilie", "Rhys", "Sally", "Tobias",
                "Wilfred", "Nell", "Dermot",
            ],
            [
                "Ashworth", "Breck", "Carter", "Dunmore", "Ellery", "Fairclough", "Grant", "Hargreave", "Kendal", "MacAllister", "Oakes", "Penrose",
                "Pugh", "Quist", "Thackray", "Wainfleet",
            ]
        ),
        (
            ["Aisha", "Bilal", "Farah", "Hamza", "Iqra", "Mariam", "Nadia", "Omar", "Samira", "Tariq", "Yusuf", "Zainab"],
            ["Ahmed", "Chaudhry", "Haddad", "Hussain", "Karimi", "Mansour", "Qureshi", "Rahman", "Saleh", "Siddiqui", "Yilmaz", "Zaman"]
        ),
        (
            ["Anjali", "Dev", "Gurpreet", "Ishaan", "Kavya", "Meera", "Nikhil", "Priya", "Rohan", "Simran", "Tara", "Vikram"],
            ["Bhatt", "Chandra", "Desai", "Gill", "Iyer", "Kaur", "Mehta", "Nair", "Patel", "Rao", "Sandhu", "Sharma"]
        ),
        (
            ["Adaeze", "Chidi", "Efua", "Femi", "Idris", "Kwame", "Nora", "Priscilla", "Sade", "Tunde", "Wanjiru", "Zola"],
            ["Abara", "Adeyemi", "Asante", "Boateng", "Diallo", "Kamau", "Mbeki", "Mensah", "Ndlovu", "Okafor", "Okonjo", "Sesay"]
        ),
        (
            ["Beatriz", "Carlos", "Elena", "Inês", "Javier", "Lucía", "Mateo", "Paula", "Rafael", "Ruth", "Sofia", "Tomás"],
            ["Almeida", "Castellanos", "Duarte", "Fonseca", "Herrera", "Ibáñez", "Marchetti", "Moreno", "Pacheco", "Romano", "Serrano", "Vidal"]
        ),
        (
            ["Agnieszka", "Bogdan", "Danuta", "Ivana", "Jakub", "Katarina", "Marek", "Oksana", "Petra", "Radu", "Tomasz", "Zofia"],
            ["Dvořák", "Horvat", "Ionescu", "Jankowski", "Kovač", "Kowalska", "Lewandowski", "Novak", "Petrov", "Shevchenko", "Szabó", "Wójcik"]
        ),
        (
            ["Anneliese", "Astrid", "Emil", "Freja", "Henrik", "Ingrid", "Jonas", "Lotte", "Matthias", "Saskia", "Sven", "Ulrike"],
            ["Bergström", "Dahl", "de Vries", "Eriksen", "Hofmann", "Jansen", "Lindqvist", "Nyström", "Sørensen", "van Dijk", "Vogel", "Weiss"]
        ),
        (
            ["Bao", "Hana", "Jia", "Kenji", "Linh", "Mei", "Minh", "Seo-yeon", "Wen Li", "Xiu", "Yuki", "Zhen"],
            ["Arai", "Chen", "Fujita", "Huang", "Kim", "Lam", "Nakano", "Nguyen", "Park", "Tan", "Tran", "Zhao"]
        ),
        (
            ["Amélie", "Bastien", "Camille", "Élodie", "Hugo", "Manon", "Mathis", "Noémie", "Océane", "Rémi", "Solène", "Thibault"],
            ["Aubert", "Blanchard", "Carpentier", "Delacroix", "Fournier", "Girard", "Lemaire", "Marchand", "Perrin", "Renaud", "Tessier", "Vasseur"]
        ),
    ]

    /// Which group a person of a country is probably of: each as often as its weight.
    static let drawnGB: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 7, 8]
    static let drawnFR: [UInt8] = [8, 8, 8, 8, 8, 8, 1, 3, 4, 7, 0]

    /// A name in the letters that addresses of e-mail take: `ines`, `van-dijk`.
    static func plain(_ name: String) -> String {
        var out = ""
        for letter in name.lowercased() {
            switch letter {
            case "a"..."z": out.append(letter)
            case "á", "à", "ã", "ä", "å": out.append("a")
            case "é", "è", "ê", "ë": out.append("e")
            case "í", "ì", "î": out.append("i")
            case "ó", "ö", "ø", "ô": out.append("o")
            case "ú", "ü": out.append("u")
            case "č", "ç": out.append("c")
            case "ř": out.append("r")
            case "ñ": out.append("n")
            case " ", "-": out.append("-")
            default: break
            }
        }
        return out
    }
}
