using VariationalInference.Samples;

return SampleProgram.Run(args, ReplicatesArguments.Help, console => new ReplicatesSample(console, new ReplicatesArguments(args)).Run());
