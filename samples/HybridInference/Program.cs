using VariationalInference.Samples;

return SampleProgram.Run(console => new HybridSample(console, new HybridArguments(args)).Run());
