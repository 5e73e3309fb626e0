import ArgumentParser
import Foundation
import Kernel

struct ReadyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ready", abstract: "Asks the server of the data folder whether it is ready. Exits with 1 when it is not, or none runs.",
        discussion: """
            For health checks of containers and scripts. It asks by the folder's socket, needs no token, and never opens the folder itself.

            Example: sightline ready --data ./my-data
            """)
    @OptionGroup var folder: DataOptions

    func run() async throws {
        let environment = Environment.current
        let data = DataFolder(try folder.settings(environment: environment.variables)[Known.data])
        guard data.exists else { throw FolderProblem.missing(data.path) }
        let place = try ReachablePath(data.socket)
        let answer = try await APIClient(.socket(path: place.text)).send(APIRequest("GET", "/ready"))
        _ = try answer.json()
        environment.terminal.say("Ready.")
    }
}
