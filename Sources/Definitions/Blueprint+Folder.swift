import Foundation

/// Why a folder cannot be read as a blueprint, or written.
package enum BlueprintProblem: Error, Equatable {
    /// Nothing is there, or it is no folder.
    case noFolder(path: String)
    /// A file or folder cannot be read or written; the system's words for why.
    case inaccessible(path: String, why: String)
    /// More files than a blueprint may have: most likely it is another folder.
    case tooManyFiles(path: String, most: Int)
}

extension Blueprint {
    /// The most files a blueprint may have.
    package static let mostFiles = 2_000
    /// How deep its folders may nest.
    package static let deepestFolder = 8

    /// The documents in a folder: every `*.yaml` in it and in the folders below it. Hidden files and folders, links, and files
    /// of other names (a README) are passed over; `*.yml` is told, since it is most likely meant.
    package static func read(folder: String, _ findings: Findings) throws(BlueprintProblem) -> Blueprint {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else { throw .noFolder(path: folder) }
        var files: [(name: String, bytes: [UInt8])] = []
        try gather(folder, below: "", depth: 1, into: &files, findings)
        return Blueprint(files: files, findings)
    }

    private static func gather(
        _ folder: String, below: String, depth: Int, into files: inout [(name: String, bytes: [UInt8])], _ findings: Findings
    ) throws(BlueprintProblem) {
        for name in try attempt(folder, { try FileManager.default.contentsOfDirectory(atPath: folder) }).sorted() where !name.hasPrefix(".") {
            let path = "\(folder)/\(name)"
            let shown = below + name
            let start = Place(file: shown, line: 1, column: 1)
            let kind = try attempt(path) { try FileManager.default.attributesOfItem(atPath: path) }[.type] as? FileAttributeType
            switch kind {
            case .typeDirectory where depth < deepestFolder:
                try gather(path, below: "\(shown)/", depth: depth + 1, into: &files, findings)
            case .typeDirectory:
                findings.add(Finding(place: start, path: "", what: "folders may nest \(deepestFolder) deep", mend: "move it up"))
            case .typeRegular where name.hasSuffix(".yml"):
                findings.add(
                    Finding(place: start, path: "", what: "files of definitions are named .yaml", mend: "rename it to \(name.dropLast(4)).yaml"))
            case .typeRegular where name.hasSuffix(".yaml"):
                guard files.count < mostFiles else { throw .tooManyFiles(path: folder, most: mostFiles) }
                files.append((shown, try head(path)))
            default: continue
            }
        }
    }

    /// The bytes of a file; of one that is too large only enough to tell so.
    private static func head(_ path: String) throws(BlueprintProblem) -> [UInt8] {
        try attempt(path) {
            guard let handle = FileHandle(forReadingAtPath: path) else { throw CocoaError(.fileReadNoPermission) }
            defer { try? handle.close() }
            return Array(try handle.read(upToCount: YAMLReading.largest + 1) ?? Data())
        }
    }

    /// Writes the documents into a folder, each to its file; makes the folder when it is missing. Files that are there already
    /// are replaced, others are left alone.
    package func write(folder: String) throws(BlueprintProblem) {
        for document in documents {
            let path = "\(folder)/\(document.file)"
            try Self.attempt(path) {
                let parent = (path as NSString).deletingLastPathComponent
                try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
                try Data(document.text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            }
        }
    }

    private static func attempt<T>(_ path: String, _ body: () throws -> T) throws(BlueprintProblem) -> T {
        do {
            return try body()
        } catch {
            throw .inaccessible(path: path, why: error.localizedDescription)
        }
    }
}
