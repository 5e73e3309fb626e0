import Kernel
import Ledger
import Simdjson

/// Works out channel, direction and media of an item: ``ChannelRules`` made ready, with the codes of this ledger's words.
///
/// The order in which it looks is stated in `docs/tracking.md`.
final class ChannelJudge: Sendable {
    struct Judgement: Equatable, Sendable {
        var channel: Channel
        var direction: Direction
        var media: Media
    }

    /// What is remembered between items; each worker has its own.
    struct Memory {
        fileprivate var events = WordCache<Hint>(places: 512)
        fileprivate var libraries = WordCache<Channel?>(places: 64)
        fileprivate var mediums = WordCache<Media?>(places: 64)
        fileprivate var sources = WordCache<Media?>(places: 64)
        fileprivate var referrers = WordCache<Media?>(places: 256)
        init() {}
    }

    /// What a name says by itself.
    fileprivate struct Hint: Sendable {
        var channel: Channel?
        var direction: Direction?
        var media: Media?
    }

    private let rules: ChannelRules
    private let events: [[(glob: Glob, hint: Hint)]]
    private let libraries: [(glob: Glob, channel: Channel)]
    private let words: [(word: [UInt8], channel: Channel)]
    /// Names of the channels, for who named another.
    private let known: [String]

    /// - Throws: ``ChannelRulesProblem`` when a rule names a channel that `vocabulary` has no code for.
    init(_ rules: ChannelRules, _ vocabulary: Vocabulary) throws(ChannelRulesProblem) {
        if let problem = rules.problems().first { throw problem }
        func code(_ name: String) throws(ChannelRulesProblem) -> Channel {
            guard let channel = vocabulary.channel(name) else { throw .undeclared(name) }
            return channel
        }
        self.rules = rules
        var events: [[(glob: Glob, hint: Hint)]] = []
        for layer in rules.events {
            var made: [(glob: Glob, hint: Hint)] = []
            for rule in layer {
                var hint = Hint(channel: nil, direction: rule.direction, media: rule.media)
                if let name = rule.channel { hint.channel = try code(name) }
                made.append((rule.event, hint))
            }
            events.append(made)
        }
        self.events = events
        var libraries: [(glob: Glob, channel: Channel)] = []
        for rule in rules.libraries { libraries.append((rule.library, try code(rule.channel))) }
        self.libraries = libraries
        known = Channel.builtIn + rules.declared
        var words: [(word: [UInt8], channel: Channel)] = []
        for name in known { words.append((Array(name.utf8), try code(name))) }
        // What Segment's clients and servers themselves call where they run.
        words += [(Array("browser".utf8), .web), (Array("mobile".utf8), .app)]
        self.words = words
    }

    func judge(_ type: CallType, _ name: UnsafeRawBufferPointer, _ fields: UnsafeMutablePointer<JSONValueView?>, _ memory: inout Memory)
        throws(ItemProblem) -> Judgement
    {
        let hint = memory.events.outcome(of: name) { said(by: name) }
        let given = try channel(fields)
        let channel = given ?? hint.channel ?? place(type, fields, &memory)
        let direction = try direction(fields) ?? hint.direction ?? standard(type)
        let media = try media(fields) ?? hint.media ?? source(channel, direction, fields, &memory)
        return Judgement(channel: channel, direction: direction, media: media)
    }

    private func said(by name: UnsafeRawBufferPointer) -> Hint {
        var all = Hint()
        for layer in events {
            guard let hint = layer.first(where: { $0.glob.matches(name) })?.hint else { continue }
            all.channel = all.channel ?? hint.channel
            all.direction = all.direction ?? hint.direction
            all.media = all.media ?? hint.media
        }
        return all
    }

    // MARK: What the sender says outright

    private func channel(_ fields: UnsafeMutablePointer<JSONValueView?>) throws(ItemProblem) -> Channel? {
        guard let value = fields[Field.channel] ?? fields[Field.contextChannel] else { return nil }
        guard let word = value.stringBytes else { throw .wrongType(field: "channel", expected: "text") }
        if let found = words.first(where: { Self.same(word, $0.word) }) { return found.channel }
        // A server speaks for customers of any channel.
        if Self.same(word, Self.server) || word.isEmpty { return nil }
        throw .unknownChannel(String(decoding: word, as: UTF8.self), known: known)
    }

    private func direction(_ fields: UnsafeMutablePointer<JSONValueView?>) throws(ItemProblem) -> Direction? {
        guard let value = fields[Field.direction] ?? fields[Field.contextDirection] else { return nil }
        let word = value.string ?? ""
        guard let found = Direction(name: word) else {
            throw .unknownWord(field: "direction", word: word, known: Direction.allCases.map(\.name))
        }
        return found
    }

    private func media(_ fields: UnsafeMutablePointer<JSONValueView?>) throws(ItemProblem) -> Media? {
        guard let value = fields[Field.media] ?? fields[Field.contextMedia] else { return nil }
        let word = value.string ?? ""
        guard let found = Media(name: word) else { throw .unknownWord(field: "media", word: word, known: Media.allCases.compactMap(\.name)) }
        return found
    }

    private static let server = Array("server".utf8)

    private static func same(_ text: UnsafeRawBufferPointer, _ word: [UInt8]) -> Bool {
        guard text.count == word.count else { return false }
        for i in 0..<word.count where Glob.lower(text[i]) != word[i] { return false }
        return true
    }

    // MARK: Worked out

    private func place(_ type: CallType, _ fields: UnsafeMutablePointer<JSONValueView?>, _ memory: inout Memory) -> Channel {
        if type == .screen { return .app }
        if let name = fields[Field.library]?.stringBytes {
            let found = memory.libraries.outcome(of: name) { libraries.first { $0.glob.matches(name) }?.channel }
            if let found { return found }
        }
        if type == .page { return .web }
        if let device = fields[Field.device]?.stringBytes, Self.same(device, Self.ios) || Self.same(device, Self.android) { return .app }
        if fields[Field.url]?.isString == true { return .web }
        if fields[Field.app]?.isObject == true { return .app }
        if let agent = fields[Field.userAgent]?.stringBytes, agent.starts(with: Self.mozilla) { return .web }
        return .other
    }

    private static let ios = Array("ios".utf8)
    private static let android = Array("android".utf8)
    private static let mozilla = Array("Mozilla/".utf8)

    private func standard(_ type: CallType) -> Direction {
        switch type {
        case .track, .page, .screen: .in
        case .identify, .group, .alias: .internal
        }
    }

    private func source(_ channel: Channel, _ direction: Direction, _ fields: UnsafeMutablePointer<JSONValueView?>, _ memory: inout Memory) -> Media {
        if direction == .out { return Self.ours.contains(channel) ? .owned : .unknown }
        if let medium = fields[Field.medium]?.stringBytes, !medium.isEmpty {
            let found = memory.mediums.outcome(of: medium) { media(of: medium, \.mediums) }
            if let found { return found }
        }
        if let source = fields[Field.source]?.stringBytes, !source.isEmpty {
            let found = memory.sources.outcome(of: source) { media(of: source, \.sources) }
            if let found { return found }
        }
        let url = (fields[Field.url] ?? fields[Field.propertiesURL])?.stringBytes
        let search = (fields[Field.search] ?? fields[Field.propertiesSearch])?.stringBytes
        if let found = media(clicked: search ?? url) { return found }
        guard let referrer = (fields[Field.referrer] ?? fields[Field.propertiesReferrer])?.stringBytes, let host = WebAddress.host(of: referrer)
        else {
            return .unknown
        }
        if let url, let own = WebAddress.host(of: url), WebAddress.sameSite(host, own) { return .unknown }
        return memory.referrers.outcome(of: host) { media(from: host) } ?? .unknown
    }

    /// Channels in which what we send is our own medium.
    private static let ours: Set<Channel> = [.email, .sms, .push, .letter, .app, .web, .chat, .store, .phone]

    private func media(of word: UnsafeRawBufferPointer, _ list: any KeyPath<ChannelRules.Marks, [Glob]> & Sendable) -> Media? {
        let bare = word.filter { $0 != 45 && $0 != 95 && $0 != 32 }
        return bare.withUnsafeBytes { bare in
            for (media, marks) in [(Media.paid, rules.paid), (.owned, rules.owned), (.earned, rules.earned)]
            where marks[keyPath: list].contains(where: { $0.matches(bare) }) {
                return media
            }
            return nil
        }
    }

    /// By a parameter that advertisers' links carry.
    private func media(clicked address: UnsafeRawBufferPointer?) -> Media? {
        guard let address, address.contains(61) else { return nil }
        for (media, marks) in [(Media.paid, rules.paid), (.owned, rules.owned), (.earned, rules.earned)] {
            for id in marks.clickIDs where WebAddress.has(parameter: id, in: address) { return media }
        }
        return nil
    }

    /// By the host of the page before. Any other site that leads to us does so of its own accord: that is earned.
    private func media(from host: UnsafeRawBufferPointer) -> Media? {
        if matches(rules.passing, host) { return nil }
        for (media, marks) in [(Media.paid, rules.paid), (.owned, rules.owned), (.earned, rules.earned)] where matches(marks.referrers, host) {
            return media
        }
        return host.contains(46) ? .earned : nil
    }

    /// Whether the host, or one above it, matches.
    private func matches(_ globs: [Glob], _ host: UnsafeRawBufferPointer) -> Bool {
        var from = 0
        while true {
            let part = UnsafeRawBufferPointer(rebasing: host[from...])
            if globs.contains(where: { $0.matches(part) }) { return true }
            guard let dot = part.firstIndex(of: 46) else { return false }
            from += dot + 1
        }
    }
}

/// As much of web addresses (RFC 3986) as media need.
enum WebAddress {
    /// The host of an address with a scheme; nil when there is none.
    static func host(of address: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let text = UnsafeRawBufferPointer(rebasing: address.prefix(2048))
        guard let colon = text.firstIndex(of: 58), colon + 3 < text.count, text[colon + 1] == 47, text[colon + 2] == 47 else { return nil }
        var from = colon + 3
        var to = from
        while to < text.count {
            switch text[to] {
            case 47, 63, 35: return made(text, from, to)
            case 64: from = to + 1
            default: break
            }
            to += 1
        }
        return made(text, from, to)
    }

    private static func made(_ text: UnsafeRawBufferPointer, _ from: Int, _ end: Int) -> UnsafeRawBufferPointer? {
        let to = text[from..<end].firstIndex(of: 58) ?? end
        return from < to ? UnsafeRawBufferPointer(rebasing: text[from..<to]) : nil
    }

    /// Whether two hosts belong to one site: the last two labels agree, or the last three where the second is as short as
    /// in `co.uk`. The public suffix list would be exact; for telling our own pages from others this is enough.
    static func sameSite(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        site(a).elementsEqual(site(b)) { Glob.lower($0) == Glob.lower($1) }
    }

    private static func site(_ host: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
        var dots = 0
        var last = host.count
        var i = host.count
        while i > 0 {
            i -= 1
            guard host[i] == 46 else { continue }
            dots += 1
            let label = last - i - 1
            if dots >= 2 && !(dots == 2 && label <= 3 && host.count - last <= 3) { return host[(i + 1)...] }
            last = i
        }
        return host[...]
    }

    /// Whether a query has a parameter.
    static func has(parameter: String, in address: UnsafeRawBufferPointer) -> Bool {
        var parameter = parameter
        return parameter.withUTF8 { name in
            var i = 0
            while i + name.count < address.count {
                let begins = i == 0 || address[i - 1] == 63 || address[i - 1] == 38
                if begins, address[i + name.count] == 61, address[i..<(i + name.count)].elementsEqual(name) { return true }
                i += 1
            }
            return false
        }
    }
}
