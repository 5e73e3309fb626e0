import Kernel

/// What the folder of a backup is called that we make by ourselves: `sightline-2026-11-22T06-20-06.123Z-1a2b3c4d`, the time in UTC
/// and the first letters of the installation's id, so that several installations can share a folder for their backups.
enum BackupName {
    static let prefix = "sightline-"
    private static let letters = 8

    static func of(_ at: Instant, _ installation: String) -> String {
        prefix + at.rfc3339.replacing(":", with: "-") + "-" + short(installation)
    }

    /// Whether a name is one of ours, or what is left of making or removing one of ours: no backup, as its name says.
    static func isUnfinished(_ name: String, of installation: String) -> Bool {
        guard name.hasPrefix(prefix) else { return false }
        return [Backup.unfinished, removing].contains { name.hasSuffix("-" + short(installation) + $0) }
    }

    /// What a backup is called while it is taken away.
    static let removing = ".removing"

    private static func short(_ installation: String) -> String {
        let letters = installation.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return String(letters.suffix(Self.letters))
    }
}
