import Ledger

/// Hashes keys of files. Their 128 bits stand for the key itself: two keys of a file of a thousand million rows agree with a
/// chance of one in 10^20. The key is fixed, since the same row must have the same messageId on every machine.
enum KeyHash {
    private static let key = FingerprintKey(Array("sightline import".utf8))
    static func of(_ bytes: ArraySlice<UInt8>) -> Fingerprint { bytes.withUnsafeBytes { key.message($0) } }
    static func of(_ bytes: [UInt8]) -> Fingerprint { bytes.withUnsafeBytes { key.message($0) } }

    /// 32 hexadecimal digits.
    static func hex(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let made = of(bytes)
        var out: [UInt8] = []
        for word in [made.high, made.low] {
            for shift in stride(from: 60, through: 0, by: -4) { out.append(Array("0123456789abcdef".utf8)[Int(word >> UInt64(shift) & 15)]) }
        }
        return out
    }
}

/// Rows in memory with the columns that are wanted of them, found by a key. At most 2^31 rows.
struct LookUpTable {
    private let width: Int
    private var bytes: [UInt8] = []
    /// Where each cell begins; one more at the end.
    private var starts: [Int] = [0]
    private var first: [Fingerprint: Int32] = [:]
    private var last: [Fingerprint: Int32] = [:]
    /// The next row of the same key, or -1.
    private var following: [Int32] = []
    private let many: Bool

    /// - Parameter many: whether rows of the same key are kept, in their order.
    init(width: Int, many: Bool) {
        self.width = width
        self.many = many
    }

    var count: Int { following.count }

    /// Adds a row. False, and nothing added, when there may be one of a key and there is.
    mutating func add(key: ArraySlice<UInt8>, _ cells: [ArraySlice<UInt8>]) -> Bool {
        let hash = KeyHash.of(key)
        let index = Int32(following.count)
        if first[hash] == nil {
            first[hash] = index
        } else if !many {
            return false
        }
        if many, let before = last.updateValue(index, forKey: hash) { following[Int(before)] = index }
        following.append(-1)
        for cell in cells {
            bytes.append(contentsOf: cell)
            starts.append(bytes.count)
        }
        return true
    }

    /// The first row of a key, or -1.
    func find(_ key: ArraySlice<UInt8>) -> Int32 { first[KeyHash.of(key)] ?? -1 }
    func next(_ row: Int32) -> Int32 { following[Int(row)] }
    func cell(_ row: Int32, _ column: Int) -> ArraySlice<UInt8> {
        let at = Int(row) * width + column
        return bytes[starts[at]..<starts[at + 1]]
    }
}

/// Which conversation each message of a file belongs to, and with whom it is. All ids, parents and persons are held in memory.
struct ThreadTable {
    private var table = LookUpTable(width: 3, many: false)
    private var roots: [Int32] = []
    private var persons: [Int32] = []

    mutating func add(id: ArraySlice<UInt8>, parent: ArraySlice<UInt8>, person: ArraySlice<UInt8>) {
        _ = table.add(key: id, [id, parent, person])
    }

    /// Works out root and person of every message. To be called once, when all were added.
    ///
    /// The root is the first known message above; messages that answer each other in a ring have the earliest in the file.
    /// The person is that of the nearest message above that has one, or else the only person of the whole conversation.
    mutating func settle() {
        let count = table.count
        let parents = (0..<Int32(count)).map { row in
            let parent = table.cell(row, 1)
            return parent.isEmpty ? Int32(-1) : table.find(parent)
        }
        roots = [Int32](repeating: -1, count: count)
        persons = [Int32](repeating: -1, count: count)
        for start in 0..<Int32(count) where roots[Int(start)] < 0 {
            var path: [Int32] = []
            var onPath: Set<Int32> = []
            var at = start
            while true {
                path.append(at)
                onPath.insert(at)
                let parent = parents[Int(at)]
                if parent < 0 || onPath.contains(parent) { break }
                if roots[Int(parent)] >= 0 {
                    at = parent
                    break
                }
                at = parent
            }
            // `at` is the top of the path, or a message that is settled already.
            let settled = roots[Int(at)] >= 0
            let root = settled ? roots[Int(at)] : parents[Int(at)] < 0 ? at : path.min() ?? at
            var person = settled ? persons[Int(at)] : -1
            for row in path.reversed() {
                if !table.cell(row, 2).isEmpty { person = row }
                roots[Int(row)] = root
                persons[Int(row)] = person
            }
        }
        fillFromConversation()
    }

    private mutating func fillFromConversation() {
        // The message that names the only person of a conversation; -2 when there are several.
        var only: [Int32: Int32] = [:]
        for row in 0..<Int32(table.count) where !table.cell(row, 2).isEmpty {
            let root = roots[Int(row)]
            if let known = only[root] {
                if known >= 0, table.cell(known, 2) != table.cell(row, 2) { only[root] = -2 }
            } else {
                only[root] = row
            }
        }
        for row in persons.indices where persons[row] < 0 { persons[row] = max(-1, only[roots[row]] ?? -1) }
    }

    /// The id of the message that began the conversation; the id itself when it is unknown.
    func root(of id: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let row = table.find(id)
        return row < 0 ? id : table.cell(roots[Int(row)], 0)
    }
    /// Whom the message is from or to; empty when nothing says it.
    func person(of id: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let row = table.find(id)
        guard row >= 0, persons[Int(row)] >= 0 else { return [] }
        return table.cell(persons[Int(row)], 2)
    }
}
