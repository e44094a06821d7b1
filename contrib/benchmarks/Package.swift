// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let package = Package(
    name: "sluice-benchmarks",
    targets: [
        .systemLibrary(name: "CSQLite"),
        .executableTarget(name: "bare-loop", dependencies: ["CSQLite"]),
        .executableTarget(name: "direct-redis"),
    ]
)
