import Kernel

/// How rows of CSV files become items of the tracking API: what a mapping file says, checked, but not yet held to the files.
///
/// `docs/import.md` describes the file for those who write one.
package struct Mapping: Sendable {
    /// Where the mapping was read from; problems name it.
    package let path: String
    /// Part of every messageId, so it must stay the same from import to import.
    package let name: String
    package let sources: [Source]

    /// One kind of file whose rows become items.
    package struct Source: Sendable {
        /// Part of the messageId of its items.
        package let name: String
        /// The file's name; `*` and `?` stand for any letters.
        package let file: String
        let place: MappingPlace
        let format: FileFormat
        /// What tells one interaction from another: of a row, or of the rows that make one.
        let key: [Value]
        /// The rows that agree in these make one interaction; empty when each row is one.
        let group: [Value]
        let lookUps: [LookUp]
        let threads: [Thread]
        let leaveOut: [LeaveOut]
        let events: [Event]
    }

    /// How a file is to be read.
    struct FileFormat: Sendable {
        var encoding = TextEncoding.utf8
        var separator: UInt8 = 44
        /// How many fields a row must at least have; nil when it must have all. Missing last fields are empty.
        var fewest: Int?
    }

    /// Rows of another file, found by a key and held in memory.
    struct LookUp: Sendable {
        let name: String
        let file: String
        let place: MappingPlace
        let format: FileFormat
        /// The column of the other file.
        let key: Value
        /// What to look for.
        let by: Value
        /// Whether there may be several rows, for `list`, `sum` and `count`.
        let many: Bool
    }

    /// Rows that answer one another: gives `NAME.root` and `NAME.person`.
    struct Thread: Sendable {
        let name: String
        let place: MappingPlace
        let id: Value
        let parent: Value
        let person: Value
        /// In which rows `person` is one.
        let when: [Condition]
    }

    /// Rows that are meant to become nothing.
    struct LeaveOut: Sendable {
        let when: [Condition]
        let because: String
    }

    enum Call: String, CaseIterable, Sendable {
        case track, identify, page, screen, group, alias
        /// What holds the properties in an item of this call.
        var properties: String? {
            switch self {
            case .track, .page, .screen: "properties"
            case .identify, .group: "traits"
            case .alias: nil
            }
        }
    }

    /// What a row becomes, when its conditions hold.
    struct Event: Sendable {
        let place: MappingPlace
        /// Tells the events of one row apart in the messageId.
        let id: String
        let call: Call
        /// Of `track`, `page` and `screen`.
        let name: String?
        let when: [Condition]
        let time: Value
        let userID: Value?
        let anonymousID: Value?
        let groupID: Value?
        let previousID: Value?
        /// Identifiers of other kinds.
        let externalIDs: [Field]
        let context: [Field]
        /// Traits of a call that is no `identify`.
        let traits: [Field]
        let properties: [Field]
    }

    struct Field: Sendable {
        let name: String
        let value: Value
    }

    struct Condition: Sendable {
        let value: Value
        let test: Test
        enum Test: Sendable {
            case empty(Bool)
            case oneOf([[UInt8]], Bool)
            case startsWith([[UInt8]], Bool)
            case moreThan(Double)
            case lessThan(Double)
        }
    }

    enum Kind: String, CaseIterable, Sendable {
        case text, number, integer, time
        case yesNo = "yes-no"
    }

    /// A part of a template: letters, or a column.
    enum Part: Sendable {
        case letters([UInt8])
        /// `optional` when the template may do without.
        case column(String, optional: Bool)
    }

    indirect enum Form: Sendable {
        case column(String)
        case constant(JSON)
        case template([Part])
        /// The entries that rows of a list give. `each` has one field without a name when entries are plain values.
        case list(String, each: [Field], plain: Bool, when: [Condition], distinct: Bool, spare: Set<String>)
        /// The sum over a list's rows of the product of these.
        case sum(String, of: [Value], when: [Condition])
        case count(String, when: [Condition])
    }

    /// Where a value comes from and what it is.
    struct Value: Sendable {
        let place: MappingPlace
        let form: Form
        var kind = Kind.text
        var trim = false
        /// What a text becomes; a text that is not named stays what it is.
        var translation: [String: String] = [:]
        /// Instead of an empty value.
        var fallback: String?
        /// Decimals of a sum.
        var decimals = 2
        var negate = false
        /// Whether a comma divides the decimals and points the thousands.
        var decimalComma = false
        var times = TimeReading()
        /// The value is empty unless these hold.
        var only: [Condition] = []
    }
}

/// How text is read as a time: formats, tried in their order, and the zone of those that name none.
package struct TimeReading: Sendable {
    var formats: [TimeFormat] = [.iso]
    var zone = Zone.utc
}
