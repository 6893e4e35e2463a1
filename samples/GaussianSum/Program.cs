using VariationalInference.Samples;

return SampleProgram.Run(console => new GaussianSumSample(console, new GaussianSumArguments(args)).Run());
