import Kernel

/// A place in a mapping file. Lines and columns count from 1.
package struct MappingPlace: Sendable, Equatable {
    package var path: String
    package var line: Int
    package var column: Int
}

/// Why a mapping file cannot be used. Facts; ``sentence`` says them. Trying again without mending helps nothing.
package enum MappingProblem: Error, Sendable, Equatable {
    /// The text is no YAML, in the parser's words.
    case notYAML(MappingPlace, String)
    /// A key that nothing knows, in `of`; `known` are those that could stand there.
    case unknownKey(MappingPlace, key: String, of: String, known: [String])
    case missing(MappingPlace, key: String, of: String)
    /// Another kind of value was wanted: `wanted` says which.
    case shape(MappingPlace, what: String, wanted: String)
    /// `value` is none of what is possible.
    case value(MappingPlace, what: String, value: String, wanted: String, known: [String])
    /// A name that must be given once stands twice.
    case repeated(MappingPlace, what: String, name: String)
    /// A list, look-up or thread that was not declared.
    case unknownName(MappingPlace, name: String, known: [String])
    /// A file has no such column.
    case noColumn(MappingPlace, column: String, file: String, columns: [String])
    /// A file that the mapping looks things up in was not found.
    case noFile(MappingPlace, file: String, folders: [String])
    /// A data file whose first row cannot be read as its columns' names.
    case heading(file: String, String)
    /// None of the files given is one that the mapping reads.
    case nothingToRead(mapping: String, files: [String])
    /// A file was given that the mapping does not know.
    case unknownFile(mapping: String, file: String, known: [String])

    /// What, where and how to mend it, in one or two sentences.
    package var sentence: String {
        switch self {
        case .notYAML(let place, let words):
            "\(place): this is no YAML: \(words)."
        case .unknownKey(let place, let key, let of, let known):
            "\(place): \(of) has no “\(key)”.\(Self.help(key, known))"
        case .missing(let place, let key, let of):
            "\(place): \(of) needs “\(key)”. Add it."
        case .shape(let place, let what, let wanted):
            "\(place): \(what) must be \(wanted)."
        case .value(let place, let what, let value, let wanted, let known):
            "\(place): \(what) cannot be “\(value)”: it must be \(wanted).\(known.isEmpty ? "" : Self.help(value, known))"
        case .repeated(let place, let what, let name):
            "\(place): “\(name)” stands twice. Give each \(what) its own name."
        case .unknownName(let place, let name, let known):
            "\(place): nothing is called “\(name)” here.\(Self.help(name, known))"
        case .noColumn(let place, let column, let file, let columns):
            "\(place): \(file) has no column “\(column)”.\(Self.separator(columns) ?? Self.help(column, columns))"
        case .noFile(let place, let file, let folders):
            "\(place): \(file) was not found in \(folders.isEmpty ? "any folder given" : folders.joined(separator: ", ")). Name its folder too."
        case .heading(let file, let words):
            "\(file): the first row must name the columns, but \(words)."
        case .nothingToRead(let mapping, let files):
            "\(mapping) reads \(files.joined(separator: ", ")), and none of them was given. Name them or their folder."
        case .unknownFile(let mapping, FileBytes.standardInput, let known):
            "Standard input has no name by which \(mapping) would know what it is. Save it as a file that the mapping names: "
                + "\(known.joined(separator: ", "))."
        case .unknownFile(let mapping, let file, let known):
            "\(mapping) does not know \(file).\(Self.help(file, known))"
        }
    }

    /// What to do about a heading of one column that was surely meant to be several.
    private static func separator(_ columns: [String]) -> String? {
        guard columns.count == 1 else { return nil }
        let found = Mapping.FileFormat.separators.filter { columns[0].contains($0.letter) }.max { a, b in
            columns[0].count { $0 == a.letter } < columns[0].count { $0 == b.letter }
        }
        return found.map { " Its first row is one column, “\(columns[0].prefix(60))”. Say `separator: \($0.word)` in the mapping." }
    }

    private static func help(_ word: String, _ known: [String]) -> String {
        if let near = Nearest.word(to: word, among: known) { return " Did you mean “\(near)”?" }
        if known.isEmpty { return "" }
        return " It can be: \(known.prefix(20).joined(separator: ", "))\(known.count > 20 ? ", …" : "")."
    }
}

extension MappingPlace: CustomStringConvertible {
    package var description: String { "\(path):\(line):\(column)" }
}
