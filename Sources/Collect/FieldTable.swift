import Identity
import Simdjson

/// The fields of an item that collecting looks at, by number.
enum Field {
    // Top level.
    static let type = 0, messageID = 1, anonymousID = 2, userID = 3, previousID = 4, groupID = 5
    static let timestamp = 6, originalTimestamp = 7, sentAt = 8
    static let context = 9, integrations = 10, traits = 11, properties = 12, externalIDs = 13
    static let event = 14, name = 15, category = 16
    static let channel = 17, direction = 18, media = 19
    // In the context.
    static let contextTraits = 20, contextExternalIDs = 21, contextChannel = 22, contextDirection = 23, contextMedia = 24
    static let library = 25, medium = 26, source = 27, url = 28, referrer = 29, search = 30, device = 31, app = 32, userAgent = 33
    static let sharedContextTraits = 34
    // In the properties.
    static let value = 35, valueCount = 6
    static let propertiesURL = 41, propertiesReferrer = 42, propertiesSearch = 43
    /// Identifiers follow, by the order of their paths.
    static let identifiers = 44

    /// Where the value of an interaction is looked for, in this order.
    static let values = ["value", "revenue", "total", "amount", "score", "price"]
}

/// Which keys of an item lead to which fields: made once from the identity rules, so that one pass over an item finds
/// all that is asked of it.
///
/// A tree whose inner nodes are objects of the item. Keys are told apart by their tag (see ``JSONValueView/tag(_:)``)
/// and then compared whole.
final class FieldTable: Sendable {
    /// A key of a node.
    private struct Entry: Sendable, BitwiseCopyable {
        var tag: UInt64
        var offset: Int32
        var length: Int32
        /// The field that the value is; -1 for none.
        var field: Int32
        /// The node of the value's members; -1 for none.
        var child: Int32
    }
    private struct Node: Sendable, BitwiseCopyable {
        /// A bit per length of a key, the last for all that have 63 bytes or more.
        var lengths: UInt64
        var first: Int32
        var count: Int32
    }

    /// A field that an identifier is read from. Those of one kind follow each other, the first to be found first.
    struct Source: Sendable, BitwiseCopyable {
        var field: Int32
        /// The place of its kind among those of the rules.
        var kind: Int32
    }
    /// An external id by its `type`.
    struct External: Sendable {
        var type: [UInt8]
        var field: Int
    }

    private let nodes: [Node]
    private let entries: [Entry]
    private let keys: [UInt8]
    let sources: [Source]
    let externals: [External]
    /// How many fields there are.
    let count: Int
    let top: Int
    let context: Int
    let traits: Int
    let properties: Int

    init(_ rules: IdentityRules) {
        let tree = Tree()
        var next = Field.identifiers
        var sources: [Source] = []
        var externals: [External] = []
        for (place, kind) in rules.kinds.enumerated() {
            for path in kind.from {
                let field: Int
                if let type = path.dropping(prefix: "externalIds.") {
                    let known = externals.first { $0.type.elementsEqual(type.utf8) }
                    if known == nil { externals.append(External(type: Array(type.utf8), field: next)) }
                    field = known?.field ?? next
                } else {
                    guard let at = tree.add(path, or: next) else { continue }
                    field = at
                }
                sources.append(Source(field: Int32(field), kind: Int32(place)))
                if field == next { next += 1 }
            }
        }
        var made = Flat()
        top = made.add(tree.top)
        context = made.add(tree.context)
        traits = made.add(tree.traits)
        properties = made.add(tree.properties)
        nodes = made.nodes
        entries = made.entries
        // Tags are read eight bytes at a time.
        keys = made.keys + [0, 0, 0, 0, 0, 0, 0, 0]
        self.sources = sources
        self.externals = externals
        count = next
    }

    /// Sets the fields that an object's members are. A later call for the same node overrides what it finds again: so do members
    /// that are no objects the fields below them, and `null`, unless it is as good as leaving out.
    func gather(_ object: JSONValueView, _ node: Int, into fields: UnsafeMutablePointer<JSONValueView?>, nullIsNothing: Bool = false) {
        let node = nodes[node]
        for member in object.members {
            guard node.lengths & (1 << UInt64(min(member.key.count, 63))) != 0 else { continue }
            let tag = JSONValueView.tag(member.key)
            for i in Int(node.first)..<Int(node.first &+ node.count) where entries[i].tag == tag {
                let entry = entries[i]
                guard entry.length == member.key.count, matches(entry, member.key) else { continue }
                if nullIsNothing, member.value.isNull { break }
                if entry.field >= 0 { fields[Int(entry.field)] = member.value.isNull ? nil : member.value }
                if entry.child >= 0 {
                    if member.value.isObject {
                        gather(member.value, Int(entry.child), into: fields, nullIsNothing: nullIsNothing)
                    } else {
                        clear(Int(entry.child), fields)
                    }
                }
                break
            }
        }
    }

    /// Forgets what was found at a node and below it.
    private func clear(_ node: Int, _ fields: UnsafeMutablePointer<JSONValueView?>) {
        for i in Int(nodes[node].first)..<Int(nodes[node].first &+ nodes[node].count) {
            if entries[i].field >= 0 { fields[Int(entries[i].field)] = nil }
            if entries[i].child >= 0 { clear(Int(entries[i].child), fields) }
        }
    }

    private func matches(_ entry: Entry, _ key: UnsafeRawBufferPointer) -> Bool {
        // Up to eight bytes the tag is the key.
        if key.count < 8 { return true }
        return keys.withUnsafeBytes {
            JSONValueView.same(UnsafeRawBufferPointer(rebasing: $0[Int(entry.offset)..<Int(entry.offset + entry.length)]), key)
        }
    }
}

extension FieldTable {
    /// The table while it is built.
    private final class Branch {
        var field = -1
        var children: [(key: String, branch: Branch)] = []

        /// The branch at a path, made where it is missing.
        func at(_ path: some Sequence<Substring>) -> Branch {
            var here = self
            for key in path {
                if let found = here.children.first(where: { $0.key == key }) {
                    here = found.branch
                } else {
                    let made = Branch()
                    here.children.append((String(key), made))
                    here = made
                }
            }
            return here
        }
    }

    private struct Tree {
        let top = Branch()
        let context = Branch()
        let traits = Branch()
        let properties = Branch()

        init() {
            let t = [
                "type", "messageId", "anonymousId", "userId", "previousId", "groupId", "timestamp", "originalTimestamp", "sentAt", "context",
                "integrations", "traits", "properties", "externalIds", "event", "name", "category", "channel", "direction", "media",
            ]
            for (field, key) in t.enumerated() { top.at([key[...]]).field = field }
            let c = [
                "traits", "externalIds", "channel", "direction", "media", "library.name", "campaign.medium", "campaign.source", "page.url",
                "page.referrer", "page.search", "device.type", "app", "userAgent",
            ]
            for (i, path) in c.enumerated() { context.at(path.split(separator: ".")).field = Field.contextTraits + i }
            for (i, key) in Field.values.enumerated() { properties.at([key[...]]).field = Field.value + i }
            for (i, key) in ["url", "referrer", "search"].enumerated() { properties.at([key[...]]).field = Field.propertiesURL + i }
        }

        /// The field at a path of the identity rules: one that is there already, or else `new`. Nil when the path leads nowhere.
        func add(_ path: String, or new: Int) -> Int? {
            var keys = path.split(separator: ".", omittingEmptySubsequences: false)
            guard let section = keys.first, !keys.contains("") else { return nil }
            let root: Branch
            switch section {
            case "traits" where keys.count > 1: root = traits
            case "properties" where keys.count > 1: root = properties
            case "context" where keys.count > 2 && keys[1] == "traits":
                root = traits
                keys.removeFirst()
            case "context" where keys.count > 1: root = context
            default: root = top
            }
            if root !== top { keys.removeFirst() }
            let branch = root.at(keys)
            if branch.field < 0 { branch.field = new }
            return branch.field
        }
    }

    private struct Flat {
        var nodes: [Node] = []
        var entries: [Entry] = []
        var keys: [UInt8] = []

        /// Writes a branch and what hangs on it; its node.
        mutating func add(_ branch: Branch) -> Int {
            let node = nodes.count
            nodes.append(Node(lengths: 0, first: 0, count: 0))
            var made: [Entry] = []
            for (key, child) in branch.children {
                let bytes = Array(key.utf8)
                let tag = (bytes + [0, 0, 0, 0, 0, 0, 0, 0]).withUnsafeBytes {
                    JSONValueView.tag(UnsafeRawBufferPointer(rebasing: $0[..<bytes.count]))
                }
                let grown = child.children.isEmpty ? -1 : add(child)
                made.append(
                    Entry(tag: tag, offset: Int32(keys.count), length: Int32(bytes.count), field: Int32(child.field), child: Int32(grown)))
                keys += bytes
                nodes[node].lengths |= 1 << UInt64(min(bytes.count, 63))
            }
            nodes[node].first = Int32(entries.count)
            nodes[node].count = Int32(made.count)
            entries += made
            return node
        }
    }
}

extension String {
    /// The text behind a prefix; nil when it does not begin so, or nothing follows.
    fileprivate func dropping(prefix: String) -> Substring? {
        hasPrefix(prefix) && utf8.count > prefix.utf8.count ? dropFirst(prefix.count) : nil
    }
}
