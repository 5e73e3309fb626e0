import Kernel
import Rendering

/// One part of the settings: a page with what it does, and its place in their navigation.
struct SettingsSection: Sendable {
    /// The last part of its address, and of its template's name: `people`.
    let name: String
    let label: String
    /// Who sees it in the navigation; its routes declare their own.
    let permission: Permission
    let routes: [PageRoute]
}

/// Settings: how this company has its Sightline, who may come in, and what was done.
extension Console {
    /// In the order of the navigation.
    static let settingsSections: [SettingsSection] = [
        SettingsSection(name: "workspace", label: "Workspace", permission: .read, routes: workspaceRoutes),
        SettingsSection(name: "people", label: "People", permission: .readStaff, routes: peopleRoutes),
        SettingsSection(name: "keys", label: "Keys", permission: .administer, routes: keysRoutes),
        SettingsSection(name: "definitions", label: "Definitions", permission: .read, routes: definitionsRoutes),
        SettingsSection(name: "sources", label: "Sources", permission: .read, routes: sourcesRoutes),
        SettingsSection(name: "webhooks", label: "Webhooks", permission: .administer, routes: webhooksRoutes),
        SettingsSection(name: "data", label: "Data", permission: .administer, routes: dataRoutes),
        SettingsSection(name: "backups", label: "Backups", permission: .administer, routes: backupsRoutes),
        SettingsSection(name: "log", label: "Log", permission: .administer, routes: logRoutes),
    ]

    static let settingsRoutes: [PageRoute] =
        [PageRoute(.get, "/settings", .readStaff, to: "see settings") { _, visit in .seeOther("/settings/" + firstSection(visit)) }]
        + settingsSections.flatMap(\.routes)

    private static func firstSection(_ visit: Visit) -> String {
        (settingsSections.first { visit.may($0.permission) } ?? settingsSections[0]).name
    }

    /// A page of the settings, with their navigation.
    /// - Parameters:
    ///   - here: The last part of its template's name, as a rule that of its ``SettingsSection``.
    ///   - section: The name of its section, where it is another.
    func settingsPage(_ here: String, section: String? = nil, title: String, _ visit: Visit, status: Int = 200, _ fields: Fields) async throws
        -> PageAnswer
    {
        var all = fields
        all["sections"] = Self.settingsSections
            .filter { visit.may($0.permission) }
            .map { ["href": "/settings/" + $0.name, "label": $0.label, "current": $0.name == section ?? here] as Fields }
        all["mayAdminister"] = visit.may(.administer)
        all["mayChange"] = visit.may(.change)
        return try await page("settings-" + here, title: title, room: "settings", visit, status: status, all)
    }
}
