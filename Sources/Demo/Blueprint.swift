extension DemoCompany {
    /// What the company decided, as the documents of its blueprint: the files in `Blueprint`, commented to be copied.
    package static var blueprint: [(name: String, text: String)] {
        [
            ("workspace.yaml", PackageResources.workspace_yaml), ("identity.yaml", PackageResources.identity_yaml),
            ("channels.yaml", PackageResources.channels_yaml),
        ].map { ($0.0, String(decoding: $0.1, as: UTF8.self)) }
    }
}
