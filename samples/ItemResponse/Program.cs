using VariationalInference.Samples;

return SampleProgram.Run(args, ItemResponseArguments.Help, console => new ItemResponseSample(console, new ItemResponseArguments(args)).Run());
