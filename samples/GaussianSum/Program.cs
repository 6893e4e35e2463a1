using VariationalInference.Samples;

return SampleProgram.Run(args, GaussianSumArguments.Help, console => new GaussianSumSample(console, new GaussianSumArguments(args)).Run());
