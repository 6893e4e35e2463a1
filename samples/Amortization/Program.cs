using VariationalInference.Samples;

return SampleProgram.Run(args, AmortizationArguments.Help, console => new AmortizationSample(console, new AmortizationArguments(args)).Run());
