using BenchmarkDotNet.Running;
using VariationalInference.Benchmarks;

if (args is ["side-by-side", ..])
{
    return SideBySide.Run(args[1..]);
}

if (args is ["hybrid-outcomes"])
{
    return HybridOutcomes.Run();
}

if (args is ["learning", ..])
{
    return LearningSideBySide.Run(args[1..]);
}

if (args is ["mixed", string rounds, string table])
{
    return MixedSideBySide.Run(int.Parse(rounds, System.Globalization.CultureInfo.InvariantCulture), table);
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
