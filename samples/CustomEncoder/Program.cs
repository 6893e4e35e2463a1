using VariationalInference.Samples;

return SampleProgram.Run(args, CustomEncoderArguments.Help, console => new CustomEncoderSample(console, new CustomEncoderArguments(args)).Run());
