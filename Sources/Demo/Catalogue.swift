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
