using VariationalInference.Tests.Hybrid;

Console.WriteLine(Fingerprint.Compute());
