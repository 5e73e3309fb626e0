#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Reads CSV files through a mapping and gives the items their rows become, one at a time.
///
/// The files that become items are streamed: memory holds look-ups (the columns used of them), threads, 16 bytes a row to find repeated
/// keys, and, where rows are grouped, the groups that are not complete yet. Grouped and threaded files are read twice.
///
/// ```swift
/// let reader = try MappedImport(mapping: Mapping(path: "mappings/olist.yaml"), inputs: ["olist/"])
/// while let step = try reader.next() { … }
/// ```
package final class MappedImport: ImportReader {
    /// Names of sources' files that were not among the files given. Their rows are not imported.
    package let notGiven: [String]

    private var waiting: [SourceImport]
    private var done = ImportProgress()

    /// - Parameters:
    ///   - inputs: files and folders. The files of a folder are found by the names in the mapping; look-ups are found in the folders given and
    ///     beside the files given.
    ///   - itemLimit: how large an item may be, in bytes.
    /// - Throws: ``MappingProblem`` when the mapping does not fit the files, ``FileProblem`` when a file cannot be read.
    package init(mapping: Mapping, inputs: [String], itemLimit: Int = 32 * 1024) throws {
        let files = InputFiles(inputs)
        var missing: [String] = []
        var used: Set<String> = []
        var made: [SourceImport] = []
        for source in mapping.sources {
            let paths = files.matching(source.file)
            if paths.isEmpty { missing.append(source.file) }
            for path in paths {
                used.insert(path)
                made.append(try SourceImport(mapping: mapping.name, source: source, path: path, files: files, itemLimit: itemLimit))
            }
        }
        let lookedUp = Set(mapping.sources.flatMap { $0.lookUps.map(\.file) })
        for path in files.named where !used.contains(path) && !lookedUp.contains(InputFiles.name(path)) {
            throw MappingProblem.unknownFile(mapping: mapping.path, file: path, known: mapping.sources.map(\.file))
        }
        guard !made.isEmpty else { throw MappingProblem.nothingToRead(mapping: mapping.path, files: mapping.sources.map(\.file)) }
        notGiven = missing
        // What is read next stands last, so that it can be dropped with all it holds when it is done.
        waiting = made.reversed()
    }

    package func next() throws -> ImportStep? {
        while let source = waiting.last {
            if let step = try source.next() { return step }
            let last = source.progress
            done.bytes += last.bytesTotal
            done.bytesTotal += last.bytesTotal
            done.rows += last.rows
            done.items += last.items
            done.refused += last.refused
            done.leftOut += last.leftOut
            waiting.removeLast()
        }
        return nil
    }

    package var progress: ImportProgress {
        var sum = done
        for source in waiting {
            let part = source.progress
            sum.bytes += part.bytes
            sum.bytesTotal += part.bytesTotal
            sum.rows += part.rows
            sum.items += part.items
            sum.refused += part.refused
            sum.leftOut += part.leftOut
        }
        return sum
    }
}

/// The files and folders that an import was given.
struct InputFiles {
    /// Files that were named themselves.
    let named: [String]
    let folders: [String]

    init(_ inputs: [String]) {
        var named: [String] = []
        var folders: [String] = []
        for input in inputs {
            var facts = stat()
            let isFolder = stat(input, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
            if isFolder {
                folders.append(input.hasSuffix("/") ? String(input.dropLast()) : input)
            } else {
                named.append(input)
            }
        }
        self.named = named
        self.folders = folders
    }

    static func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

    /// All files that a source's pattern names, in the order of their names.
    func matching(_ pattern: String) -> [String] {
        var found = named.filter { fnmatch(pattern, Self.name($0), 0) == 0 }
        for folder in folders {
            for name in Self.list(folder) where fnmatch(pattern, name, 0) == 0 {
                let path = "\(folder)/\(name)"
                if !found.contains(path) { found.append(path) }
            }
        }
        return found
    }

    /// The file that a look-up names, or nil.
    func find(_ file: String) -> String? {
        if let given = named.first(where: { Self.name($0) == file }) { return given }
        return searched.map { "\($0)/\(file)" }.first { access($0, R_OK) == 0 }
    }

    /// The folders that look-ups are sought in.
    var searched: [String] {
        var all = folders
        for path in named {
            let folder = path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) : "."
            if !all.contains(folder) { all.append(folder) }
        }
        return all
    }

    private static func list(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            names.append(name)
        }
        return names.sorted()
    }
}
