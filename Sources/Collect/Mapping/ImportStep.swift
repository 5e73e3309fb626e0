/// An item of the tracking API that was read from a file.
package struct ImportItem: Sendable, Equatable {
    /// One JSON object.
    package let bytes: [UInt8]
    /// The file it was read from.
    package let file: String
    /// The line on which its row begins, the first being 1.
    package let line: Int
}

/// What a report of an import says about a row.
package struct ImportNotice: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// It became nothing, since something is wrong with it.
        case refused
        /// It became nothing, as the mapping wants it.
        case leftOut = "left out"
        /// It became an item, and somebody should know how.
        case note
    }

    package let kind: Kind
    package let file: String
    package let line: Int
    /// The event that the row did not become; nil when it is about the whole row.
    package let event: String?
    package let fault: RowFault

    /// The reason, in a sentence.
    package var sentence: String {
        let words = fault.sentence
        return event.map { "\($0): \(words)" } ?? words
    }
}

/// What is to be said of a row. Facts; ``sentence`` says them.
package enum RowFault: Error, Sendable, Equatable {
    case csv(CSVFault)
    case columns(found: Int, wanted: Int)
    /// Fields are missing at the end, and the mapping allows it.
    case shortRow(found: Int, wanted: Int)
    case noKey(String)
    case repeatedKey(String)
    /// `text` of `column` is not of the kind the mapping says.
    case notA(String, column: String, text: String)
    case noIdentifier
    case noTime(column: String)
    case tooLarge(bytes: Int, limit: Int)
    /// Too large as a whole: these entries of lists were left out.
    case spared([String], bytes: Int, limit: Int)
    case noEvent
    case because(String)
    /// A look-up that should find one row finds several; the first counts.
    case repeatedLookUp(String)
    /// A line of NDJSON: what is wrong at which byte of it.
    case notJSON(String, at: Int)
    case notObject
    case lineTooLong(limit: Int)

    package var sentence: String {
        switch self {
        case .csv(.openQuote(let field)): "the quote that opens field \(field) is never closed"
        case .csv(.textAfterQuote(let field)): "something stands behind the closing quote of field \(field); a quote within a field is written twice"
        case .csv(.tooLong(let limit)): "the row is longer than \(limit) bytes; perhaps a quote is not closed"
        case .csv(.notUTF8(let field)):
            "field \(field) is not UTF-8; save the file as UTF-8, or say `encoding: windows-1252` in the mapping if it is that"
        case .columns(let found, let wanted):
            "the row has \(found) fields, the heading \(wanted); perhaps a line break or separator stands in a field without quotes"
        case .shortRow(let found, let wanted): "the row has \(found) fields of \(wanted); the missing ones count as empty, as the mapping says"
        case .noKey(let column): "the key is empty (\(column))"
        case .repeatedKey(let key): "an earlier row has the same key “\(key)”, so this would count as the same interaction"
        case .notA(let kind, let column, let text): "“\(text)” (\(column)) is no \(kind)"
        case .noIdentifier: "nothing says whose it is: every identifier is empty"
        case .noTime(let column): "nothing says when it was: \(column) is empty"
        case .tooLarge(let bytes, let limit): "the item would have \(bytes) bytes, more than \(limit)"
        case .spared(let names, let bytes, let limit):
            "the item would have \(bytes) bytes, more than \(limit), so its lists go without \(names.joined(separator: ", "))"
        case .noEvent: "the conditions of no event hold"
        case .because(let words): words
        case .repeatedLookUp(let key): "an earlier row has the same key “\(key)”; look-ups find that one"
        case .notJSON(let words, let at): "no JSON at byte \(at + 1): \(words)"
        case .notObject: "the line is no JSON object"
        case .lineTooLong(let limit): "the line is longer than \(limit) bytes"
        }
    }
}

/// What reading goes through, one at a time.
package enum ImportStep: Sendable, Equatable {
    case item(ImportItem)
    case notice(ImportNotice)
    /// Nothing yet; so much was read that the progress is worth showing.
    case reading
}

/// How far reading has come.
package struct ImportProgress: Sendable, Equatable {
    /// Bytes read, of `bytesTotal`. A file that is read twice, to group its rows, counts twice.
    package var bytes = 0
    package var bytesTotal = 0
    /// Rows read of the files that become items.
    package var rows = 0
    package var items = 0
    package var refused = 0
    package var leftOut = 0
}

/// Something that gives items of the tracking API out of files.
package protocol ImportReader: AnyObject {
    /// The next step, or nil when all is read.
    /// - Throws: ``FileProblem`` or ``MappingProblem`` when reading cannot go on.
    func next() throws -> ImportStep?
    var progress: ImportProgress { get }
}
