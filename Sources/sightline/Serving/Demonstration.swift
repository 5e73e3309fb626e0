struct Demonstration {
    let folder: DataFolder
    let settings: Settings
    let terminal: Terminal
    func run() async throws {}
}
import ArgumentParser
struct DemoCommand: AsyncParsableCommand {}
