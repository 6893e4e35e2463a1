using VariationalInference.Samples;

return SampleProgram.Run(args, ServiceArguments.Help, console => new ServiceSample(console, new ServiceArguments(args)).Run());
