using System.Diagnostics;
using System.Text.Json;

namespace VariationalInference.Benchmarks;

/// <summary>Programs that do the same work with other tools, and print a JSON object a line.</summary>
internal sealed class Peer(string folder)
{
    private static readonly string Python = Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3";

    // A folder with a system of its own, in which PyTorch and TorchSharp are installed.
    private static readonly string? Root = Environment.GetEnvironmentVariable("PEERS_ROOT");

    private int _threads = 1;

    /// <summary>Compiles one of the peers' C programs.</summary>
    /// <returns>The program, or null when it or the compiler is absent.</returns>
    public string? Compile(string source)
    {
        string program = Path.Combine(Path.GetTempPath(), Path.GetFileNameWithoutExtension(source) + Environment.ProcessId);
        return File.Exists(Path.Combine(folder, source))
            && Start("gcc", ["-O3", "-march=native", "-fopenmp", source, "-o", program, "-lm"]) is not null
            ? program
            : null;
    }

    /// <summary>Runs a Python program of the peers', or with an absolute path one of our own.</summary>
    public IReadOnlyList<JsonElement> RunPython(string script, params string[] arguments) =>
        File.Exists(Path.Combine(folder, script)) ? Run(Python, [script, .. arguments]) : [];

    /// <summary>Runs a program in PyTorch, whose first argument is the number of threads, with the widest kernels that the processor has.</summary>
    public IReadOnlyList<JsonElement> RunTorch(int threads, string script, params string[] arguments)
    {
        _threads = threads;
        IReadOnlyList<JsonElement> lines = Root is null
            ? RunPython(script, [$"{threads}", .. arguments])
            : Run("chroot", [Root, "python3", InRoot(script), $"{threads}", .. arguments]);
        _threads = 1;
        return lines;
    }

    /// <summary>Runs the hybrid's steps or passes in TorchSharp; nothing without a system that has it.</summary>
    public IReadOnlyList<JsonElement> RunTorchSharp(int threads, params string[] arguments)
    {
        if (Root is null)
        {
            return [];
        }

        _threads = threads;
        IReadOnlyList<JsonElement> lines =
            Run("chroot", [Root, "/usr/share/dotnet/dotnet", "/opt/torchsharp/TorchSharpPeer.dll", $"{threads}", .. arguments]);
        _threads = 1;
        return lines;
    }

    private static string InRoot(string script)
    {
        if (!Path.IsPathRooted(script))
        {
            return $"/opt/peers/{script}";
        }

        string copy = $"/tmp/{Path.GetFileName(script)}";
        File.Copy(script, Root + copy, overwrite: true);
        return copy;
    }

    /// <summary>Runs a program.</summary>
    /// <returns>What it printed as JSON; nothing when it could not be run.</returns>
    public IReadOnlyList<JsonElement> Run(string program, params string[] arguments) =>
        [.. (Start(program, arguments) ?? string.Empty).Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement)];

    private string? Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["OPENBLAS_NUM_THREADS"] = $"{_threads}";
        start.Environment["OMP_NUM_THREADS"] = $"{_threads}";
        start.Environment["MAXD"] = "10";
        if (System.Runtime.Intrinsics.X86.Avx512F.IsSupported)
        {
            start.Environment["ATEN_CPU_CAPABILITY"] = "avx512";
        }

        start.Environment["LIMIT"] = "5";

        // Leave the choice of kernels to OpenBLAS.
        start.Environment.Remove("OPENBLAS_CORETYPE");
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                Console.Error.WriteLine($"skipped {program} {string.Join(' ', arguments)}: {errors.Result.Trim().Split('\n')[^1]}");
                return null;
            }

            return output;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            Console.Error.WriteLine($"skipped {program}: {exception.Message}");
            return null;
        }
    }
}
