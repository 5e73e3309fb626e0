/// What somebody wants to see on the conveyor, as the address of `/now` says it: `?channel=web&name=Order+Completed&value_min=50`.
struct NowQuery: Equatable {
    private(set) var filter = LiveFilter()
    /// The least value as it was typed, right or wrong.
    private(set) var typedValue: String?

    /// The most characters of an interaction's name.
    static let nameLength = 200

    /// A channel that there is none of is left out: nobody types it.
    init(_ parameters: Parameters, channels: [String]) {
        filter.channel = parameters["channel"].flatMap { channels.contains($0) ? $0 : nil }
        filter.name = parameters["name"].map { String($0.prefix(Self.nameLength)) }
        typedValue = parameters["value_min"]
        filter.leastValue = typedValue.flatMap(ListQuery.amount)
    }

    /// Whether the least value is no number.
    var isFaulty: Bool { typedValue != nil && filter.leastValue == nil }
    /// Whether more is left out than channels, which the chips show.
    var isNarrowed: Bool { filter.name != nil || typedValue != nil }

    /// The query of an address that shows the same, on another channel if need be; empty, or with its question mark.
    func query(channel: String?) -> String {
        var parameters = Parameters()
        if let channel { parameters.add("channel", channel) }
        if let name = filter.name { parameters.add("name", name) }
        if let typedValue { parameters.add("value_min", typedValue) }
        return parameters.pairs.isEmpty ? "" : "?" + parameters.encoded
    }

    var query: String { query(channel: filter.channel) }
}
