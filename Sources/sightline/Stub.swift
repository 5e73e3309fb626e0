import ArgumentParser
enum EmbeddedServer { static let start: StartServer = { _, _ in throw CommandProblem.interrupted } }
struct ServerProcess { let settings: Settings; let demo: Bool; let terminal: Terminal; func run() async throws {} }
struct Import: AsyncParsableCommand {}
struct BlueprintCommand: AsyncParsableCommand {}
struct DemoCommand: AsyncParsableCommand {}
import Kernel
enum SystemClock { static let clock = Clock { Instant(milliseconds: 0) } }
