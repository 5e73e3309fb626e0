// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is built with. Swift 6 mode is the default of the tools version.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
]

let grdb: [Target.Dependency] = [
    .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
]
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

/// A part of the house. What it may import is what stands here: ARCHITECTURE.md has the table, `make lint` holds it.
func room(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "sightline",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "sightline", targets: ["sightline"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // System libraries: one thin shim each.
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CMemory"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CXxhash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CText", linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("phonenumber")]),

        room("Kernel", []),
        room("Curl", ["CCurl", "Kernel"]),
        room("Statistics", ["Kernel"]),
        room("Simdjson", ["CSimdjson", "Kernel"]),
        room("Store", ["Kernel"] + grdb),
        room("Definitions", ["Kernel", "CText", yams]),
        room("Ledger", ["Store", "Kernel", "CSodium", "CXxhash"] + grdb),
        room("Identity", ["Ledger", "Store", "Kernel", "Definitions", "CText"] + grdb),
        room("Formula", ["Kernel"]),
        room("Timeline", ["Formula", "Identity", "Ledger", "Kernel", "CMemory"]),
        room(
            "Pipeline",
            ["Formula", "Timeline", "Identity", "Ledger", "Store", "Kernel", "Simdjson", .product(name: "Logging", package: "swift-log")] + grdb),
        room(
            "Customers",
            ["Pipeline", "Timeline", "Identity", "Ledger", "Store", "Kernel", "Simdjson", .product(name: "Logging", package: "swift-log")] + grdb),
        room("Audit", ["Store", "Kernel", "CSodium"] + grdb),
        room("Access", ["Store", "Kernel", "CSodium"] + grdb),
        room("Notes", ["Access", "Pipeline", "Identity", "Timeline", "Ledger", "Store", "Kernel", "Simdjson"] + grdb),
        room("Consent", ["Pipeline", "Identity", "Timeline", "Ledger", "Store", "Kernel", "Simdjson"] + grdb),
        room(
            "Audiences",
            [
                "Formula", "Statistics", "Definitions", "Pipeline", "Timeline", "Identity", "Ledger", "Store", "Kernel", "Simdjson",
                .product(name: "Logging", package: "swift-log"),
            ] + grdb),
        room(
            "Delivery",
            [
                "Curl", "Customers", "Definitions", "Pipeline", "Identity", "Ledger", "Store", "Kernel", "Simdjson", "CSodium",
                .product(name: "Logging", package: "swift-log"),
            ] + grdb),
        room("Rendering", [.product(name: "Mustache", package: "swift-mustache")]),
        room("Collect", ["Ledger", "Identity", "Definitions", "Kernel", "Simdjson", "CZlib", yams]),
        room(
            "Web",
            [
                "Access", "Audiences", "Audit", "Notes", "Collect", "Consent", "Customers", "Definitions", "Delivery", "Formula", "Identity",
                "Kernel",
                "Ledger", "Pipeline", "Rendering",
                "Simdjson", "Store",
                "Timeline", .product(name: "Hummingbird", package: "hummingbird"), .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"), .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], resources: [.copy("Resources")]),
        room("Demo", ["Kernel"], resources: [.embedInCode("Blueprint")]),
        .executableTarget(
            name: "sightline",
            dependencies: [
                "Access", "Audiences", "Audit", "Collect", "Consent", "Curl", "Customers", "Definitions", "Delivery", "Demo", "Formula", "Identity",
                "Kernel", "Ledger", "Notes", "Pipeline", "Simdjson",
                "Store",
                "Timeline", "Web", "CSodium", yams,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Hummingbird", package: "hummingbird"), .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        .executableTarget(
            name: "sightline-bench",
            dependencies: [
                "Access", "Audiences", "CSodium", "Consent", "Customers", "Definitions", "Delivery", "Formula", "Identity", "Kernel", "Ledger",
                "Notes",
                "Pipeline", "Statistics", "Store", "Timeline",
                .product(name: "ArgumentParser", package: "swift-argument-parser"), .product(name: "Logging", package: "swift-log"),
            ] + grdb,
            path: "Sources/Bench", swiftSettings: strict),

        tests("KernelTests", ["Kernel"]),
        tests("FormulaTests", ["Formula", "Kernel"]),
        tests("StatisticsTests", ["Statistics", "Kernel"]),
        tests("SimdjsonTests", ["Simdjson", "Kernel"]),
        tests("DefinitionsTests", ["Definitions", "Kernel"]),
        tests("LedgerTests", ["Ledger", "Kernel"] + grdb),
        tests("IdentityTests", ["Identity", "Definitions", "Ledger", "Kernel"]),
        .target(
            name: "TestSupport",
            dependencies: ["Pipeline", "Timeline", "Identity", "Ledger", "Store", "Kernel", .product(name: "Logging", package: "swift-log")] + grdb,
            path: "Tests/Support", swiftSettings: strict),
        tests("PipelineTests", ["TestSupport", "Formula", "Pipeline", "Timeline", "Identity", "Ledger", "Store", "Kernel"] + grdb),
        tests("CustomersTests", ["Timeline", "TestSupport", "Customers", "Pipeline", "Identity", "Ledger", "Store", "Kernel"] + grdb),
        tests("NotesTests", ["TestSupport", "Notes", "Access", "Customers", "Identity", "Pipeline", "Ledger", "Kernel"]),
        tests("ConsentTests", ["TestSupport", "Consent", "Customers", "Identity", "Pipeline", "Ledger", "Kernel"]),
        tests(
            "AudiencesTests",
            [
                "TestSupport", "Audiences", "Consent", "Customers", "Definitions", "Formula", "Statistics", "Identity", "Pipeline", "Timeline",
                "Ledger", "Store",
                "Kernel", "Simdjson", .product(name: "Logging", package: "swift-log"),
            ] + grdb),
        tests(
            "DeliveryTests",
            [
                "TestSupport", "Curl", "Customers", "Definitions", "Delivery", "Identity", "Pipeline", "Ledger", "Store", "Kernel", "Simdjson",
                .product(name: "Logging", package: "swift-log"),
            ] + grdb),
        tests("AuditTests", ["Audit", "Kernel", "Store"] + grdb),
        tests("AccessTests", ["Access", "Kernel", "Store"] + grdb),
        tests(
            "SightlineTests",
            [
                "sightline", "Collect", "Kernel", "Ledger", "Store", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests("CollectTests", ["Collect", "Definitions", "Identity", "Ledger", "Kernel", "Simdjson"]),
        tests("RenderingTests", ["Rendering"]),
        tests("DemoTests", ["Audiences", "Demo", "Collect", "Definitions", "Identity", "Ledger", "Kernel", "Simdjson"]),
        tests(
            "WebTests",
            [
                "Audiences", "Delivery", "Formula", "Statistics",
                "Web", "Access", "Audit", "Notes", "Collect", "Consent", "Customers", "Definitions", "Identity", "Kernel", "Ledger", "Pipeline",
                "Rendering",
                "Simdjson",
                "Store",
                .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
    ],
    cxxLanguageStandard: .cxx17
)
