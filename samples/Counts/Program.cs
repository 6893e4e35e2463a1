using VariationalInference.Samples;

return SampleProgram.Run(args, CountsArguments.Help, console => new CountsSample(console, new CountsArguments(args)).Run());
