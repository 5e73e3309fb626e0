extension Settings {
    /// docs/configuration.md, made from the declarations: a test holds the file against it.
    static var documentation: String {
        var page = """
            # Configuration

            Made from the declarations in Sources/sightline/Settings/Known.swift by `sightline document-settings`; change it there.

            Each setting can be given in three places. The first that names it counts:

            1. a flag of the command line: `--queue-bytes '128 MB'`
            2. the environment: `SIGHTLINE_QUEUE_BYTES='128 MB'`. A name that begins so and is no setting is an error; those that begin with
               `SIGHTLINE_TEST_` are left to the tests.
            3. a YAML file: `queue-bytes: 128 MB`. The file is the one that `--config FILE` or `SIGHTLINE_CONFIG` names, or else
               `sightline.yaml` in the data folder, if there is one. An unknown name in it is an error.

            Everything that is wrong is said at once, with the place it was found. `sightline serve` takes all flags; the other
            commands take `--data` and `--config`, and read the rest from environment and file.

            A server with several [workspaces](workspaces.md) reads the `sightline.yaml` of each one's folder for what holds for one
            workspace. Flags and environment count for all of them, and before their files.


            """
        for setting in Known.all {
            page += """
                ## `\(setting.name)`
                \(setting.summary)

                | | |
                |---|---|
                | flag | `\(setting.flag) \(setting.placeholder)` |
                | environment | `\(setting.environment)` |
                | file | \(setting.inDataFolder ? "`\(setting.name): …`" : "`\(setting.name): …`, not in the data folder's own file") |
                | takes | \(setting.takes) |
                | standard | `\(setting.standard)` |
                | holds for | \(setting.isOfServer ? "the server with all its workspaces" : "one workspace") |


                """
        }
        return page
    }
}
