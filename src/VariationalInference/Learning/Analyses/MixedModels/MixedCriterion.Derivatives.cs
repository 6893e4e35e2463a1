namespace VariationalInference;

/// <content>Derivatives by Λ.</content>
internal sealed partial class MixedCriterion
{
    private void Differentiate(double[][] lambda)
    {
        foreach (double[] gradient in (IEnumerable<double[]>)[.. LogGradient, .. SquaresGradient])
        {
            Array.Clear(gradient);
        }

        _rest?.Invert(LogGradient);
        DifferentiateLevels(lambda[0]);
        if (_rest is not null)
        {
            DifferentiateRest(lambda);
        }
    }

    private void DifferentiateLevels(double[] lambda)
    {
        int width = _reduction.Width, columns = _reduction.ColumnCount;
        var log = new double[width * width];
        var squares = new double[width * width];
        var whitened = new double[width * width];
        var explained = new double[width * width];
        var scores = new double[width * columns];
        for (int g = 0; g < _reduction.LevelCount; g++)
        {
            Scores(g, scores);
            WhitenedTriangle(g, whitened);
            _rest?.Explained(g, explained);
            for (int a = 0; a < width; a++)
            {
                for (int b = 0; b < width; b++)
                {
                    double sum = 0;
                    for (int k = 0; k < width; k++)
                    {
                        double row = whitened[(k * width) + b];
                        for (int l = 0; l < width && _rest is not null; l++)
                        {
                            row -= explained[(k * width) + l] * whitened[(l * width) + b];
                        }

                        sum += whitened[(k * width) + a] * row;
                    }

                    for (int c = 0; c < columns - 1 && IsRestricted; c++)
                    {
                        sum -= scores[(c * width) + a] * scores[(c * width) + b];
                    }

                    log[(a * width) + b] += sum;
                    squares[(a * width) + b] -= scores[((columns - 1) * width) + a] * scores[((columns - 1) * width) + b];
                }
            }
        }

        AddTwiceProduct(log, lambda, LogGradient[0]);
        AddTwiceProduct(squares, lambda, SquaresGradient[0]);
    }

    private void DifferentiateRest(double[][] lambda)
    {
        RestColumns rest = _reduction.Rest!;
        int columns = _reduction.ColumnCount;
        for (int f = 1; f < rest.Widths.Length; f++)
        {
            int width = rest.Widths[f];
            var log = new double[width * width];
            var squares = new double[width * width];
            var scores = new double[width * columns];
            for (int first = rest.Offsets[f]; first < rest.Offsets[f + 1]; first += width)
            {
                for (int e = 0; e < width; e++)
                {
                    RestScores(first + e, scores.AsSpan(e * columns, columns));
                }

                for (int a = 0; a < width; a++)
                {
                    for (int b = 0; b < width; b++)
                    {
                        for (int c = 0; c < columns - 1 && IsRestricted; c++)
                        {
                            log[(a * width) + b] -= scores[(a * columns) + c] * scores[(b * columns) + c];
                        }

                        squares[(a * width) + b] -= scores[(a * columns) + columns - 1] * scores[(b * columns) + columns - 1];
                    }
                }
            }

            AddTwiceProduct(log, lambda[f], LogGradient[f]);
            AddTwiceProduct(squares, lambda[f], SquaresGradient[f]);
        }
    }

    /// <summary>Adds 2GΛ, the derivative by Λ where G is that by ΛΛᵀ.</summary>
    private static void AddTwiceProduct(double[] g, double[] lambda, double[] sum)
    {
        int width = (int)Math.Sqrt(g.Length);
        for (int a = 0; a < width; a++)
        {
            for (int b = 0; b < width; b++)
            {
                for (int k = 0; k < width; k++)
                {
                    sum[(a * width) + b] += 2 * g[(a * width) + k] * lambda[(k * width) + b];
                }
            }
        }
    }
}
