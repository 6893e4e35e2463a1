using VariationalInference.Samples;

return SampleProgram.Run(args, HybridArguments.Help, console => new HybridSample(console, new HybridArguments(args)).Run());
