import Foundation

/// Where the server of a data folder answers the commands.
///
/// A Unix socket's path has at most 107 bytes (`sun_path` of unix(7) has 108, and one is the zero). A folder that lies deeper
/// gets its socket in a private folder among the temporary files, whose path stands in `sightline.socket-path`.
enum SocketPath {
    static let longest = 107

    /// Where a server is to listen. Under the folder's lock: removes what an earlier one left behind.
    static func prepare(_ folder: DataFolder, temporary: String) throws(FolderProblem) -> String {
        let own = folder.file("sightline.sock")
        remove(folder)
        guard own.utf8.count > longest else { return own }
        var template = Array((temporary + "/sightline-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw .system("No private folder for the socket can be made in \(temporary)", errno) }
        let made = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = made + "/sightline.sock"
        guard path.utf8.count <= longest else {
            rmdir(made)
            throw .system("The socket's path in \(temporary) would be longer than \(longest) bytes; set TMPDIR to a shorter one", ENAMETOOLONG)
        }
        do {
            try Data(path.utf8).write(to: URL(fileURLWithPath: record(folder)), options: .atomic)
        } catch {
            throw .system("\(record(folder)) cannot be written", errno)
        }
        return path
    }

    /// Where the folder's server listens, if one runs.
    static func find(_ folder: DataFolder) -> String {
        let own = folder.file("sightline.sock")
        guard own.utf8.count > longest, let bytes = FileManager.default.contents(atPath: record(folder)) else { return own }
        return String(decoding: bytes, as: UTF8.self).trimmed
    }

    /// Removes the socket and what was made for it.
    static func remove(_ folder: DataFolder) {
        let path = find(folder)
        unlink(path)
        guard path != folder.file("sightline.sock") else { return }
        rmdir(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        unlink(record(folder))
    }

    private static func record(_ folder: DataFolder) -> String { folder.file("sightline.socket-path") }
}
